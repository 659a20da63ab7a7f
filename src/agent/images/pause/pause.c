/* The process that holds a pod's namespaces: waits for signals, reaps orphans when it is the pod's process 1, and ends
 * on SIGTERM or SIGINT. No C library. All signals are blocked and taken with rt_sigtimedwait, so there are no handlers.
 *
 * x86-64: gcc -static -nostdlib -Os -s -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
 *             -Wl,--build-id=none,-z,noseparate-code -o pause pause.c && base64 -w 120 pause
 */
static long call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}

enum { sigprocmask = 14, wait4 = 61, end = 231, sigtimedwait = 128 };
enum { block = 0, nohang = 1, SIGINT = 2, SIGTERM = 15, SIGCHLD = 17 };

void _start(void) {
  const unsigned long all = ~0ul;
  call(sigprocmask, block, (long)&all, 0, sizeof all);
  for (;;) {
    const long signal = call(sigtimedwait, (long)&all, 0, 0, sizeof all);
    if (signal == SIGINT || signal == SIGTERM) call(end, 0, 0, 0, 0);
    if (signal == SIGCHLD)
      while (call(wait4, -1, 0, nohang, 0) > 0) {
      }
  }
}
