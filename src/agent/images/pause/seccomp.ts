// The seccomp profile of pod sandboxes. Their process is our own program, which makes four system calls and takes no input; the
// runtime's default profile (hundreds of rules for three architectures) costs a tenth of a pod's start to be put together.
// This one names what that one forbids and allows the rest, so that it fits whatever the runtime does before the program starts.

const forbidden = [
  // The kernel itself: modules, other kernels, programs in it, its clocks and settings.
  'init_module finit_module delete_module kexec_load kexec_file_load bpf perf_event_open reboot settimeofday ' +
    'clock_settime clock_adjtime acct swapon swapoff syslog sysfs ustat quotactl quotactl_fd ioperm iopl uselib ' +
    'nfsservctl lookup_dcookie vhangup',
  // Namespaces and mounts.
  'setns unshare mount umount2 pivot_root mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick open_by_handle_at',
  // Other processes and their memory, keys.
  'ptrace process_vm_readv process_vm_writev kcmp move_pages add_key request_key keyctl',
  // What flaws are often found in.
  'userfaultfd io_uring_setup io_uring_enter io_uring_register',
].flatMap((names) => names.split(' '));

/** The profile as OCI runtimes read it, JSON. Without a list of architectures it is for the machine's own one; calls of others end the process. */
export const sandboxSeccomp = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: forbidden, action: 'SCMP_ACT_ERRNO' }],
});
