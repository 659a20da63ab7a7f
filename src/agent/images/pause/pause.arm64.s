// pause.c for arm64, by hand (system calls: 135 rt_sigprocmask, 137 rt_sigtimedwait, 260 wait4, 94 exit_group).
// llvm-mc -triple=aarch64-linux-gnu -filetype=obj -o pause.o pause.arm64.s && llvm-objcopy -O binary -j .text pause.o text
// The ELF file is an ELF header, one program header (both 0x78 bytes in all, loaded at 0x400000) and that text.
.text
  mov x9, #-1
  sub sp, sp, #16
  str x9, [sp]
  mov x0, #0            // SIG_BLOCK, all signals
  mov x1, sp
  mov x2, #0
  mov x3, #8
  mov x8, #135
  svc #0
next:
  mov x0, sp
  mov x1, #0
  mov x2, #0
  mov x3, #8
  mov x8, #137
  svc #0
  cmp x0, #2            // SIGINT
  b.eq end
  cmp x0, #15           // SIGTERM
  b.eq end
  cmp x0, #17           // SIGCHLD
  b.ne next
reap:
  mov x0, #-1
  mov x1, #0
  mov x2, #1            // WNOHANG
  mov x3, #0
  mov x8, #260
  svc #0
  cmp x0, #0
  b.gt reap
  b next
end:
  mov x0, #0
  mov x8, #94
  svc #0
