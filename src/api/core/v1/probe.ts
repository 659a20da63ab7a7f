import { type Infer, int32, int64, intOrString, list, of, oneOf, opt, req, string, struct } from '#api/dsl.ts';

export const ExecAction = struct('core.v1.ExecAction', {
  command: opt(1, list(string, 'atomic')),
});
export interface ExecAction extends Infer<typeof ExecAction> {}

export const GRPCAction = struct('core.v1.GRPCAction', {
  port: req(1, int32, { emit: true }),
  service: opt(2, string, { ptr: true }),
});
export interface GRPCAction extends Infer<typeof GRPCAction> {}

export const HTTPHeader = struct('core.v1.HTTPHeader', {
  name: req(1, string, { emit: true }),
  value: req(2, string, { emit: true }),
});
export interface HTTPHeader extends Infer<typeof HTTPHeader> {}

export const HTTPGetAction = struct('core.v1.HTTPGetAction', {
  host: opt(3, string),
  httpHeaders: opt(
    5,
    list(
      of<HTTPHeader>(() => HTTPHeader),
      'atomic',
    ),
  ),
  path: opt(1, string),
  port: req(2, intOrString, { emit: true }),
  scheme: opt(4, oneOf('HTTP', 'HTTPS')),
});
export interface HTTPGetAction extends Infer<typeof HTTPGetAction> {}

export const SleepAction = struct('core.v1.SleepAction', {
  seconds: req(1, int64, { emit: true }),
});
export interface SleepAction extends Infer<typeof SleepAction> {}

export const TCPSocketAction = struct('core.v1.TCPSocketAction', {
  host: opt(2, string),
  port: req(1, intOrString, { emit: true }),
});
export interface TCPSocketAction extends Infer<typeof TCPSocketAction> {}

export const LifecycleHandler = struct('core.v1.LifecycleHandler', {
  exec: opt(
    1,
    of<ExecAction>(() => ExecAction),
  ),
  httpGet: opt(
    2,
    of<HTTPGetAction>(() => HTTPGetAction),
  ),
  sleep: opt(
    4,
    of<SleepAction>(() => SleepAction),
  ),
  tcpSocket: opt(
    3,
    of<TCPSocketAction>(() => TCPSocketAction),
  ),
});
export interface LifecycleHandler extends Infer<typeof LifecycleHandler> {}

export const Lifecycle = struct('core.v1.Lifecycle', {
  postStart: opt(
    1,
    of<LifecycleHandler>(() => LifecycleHandler),
  ),
  preStop: opt(
    2,
    of<LifecycleHandler>(() => LifecycleHandler),
  ),
  stopSignal: opt(
    3,
    oneOf(
      'SIGABRT',
      'SIGALRM',
      'SIGBUS',
      'SIGCHLD',
      'SIGCLD',
      'SIGCONT',
      'SIGFPE',
      'SIGHUP',
      'SIGILL',
      'SIGINT',
      'SIGIO',
      'SIGIOT',
      'SIGKILL',
      'SIGPIPE',
      'SIGPOLL',
      'SIGPROF',
      'SIGPWR',
      'SIGQUIT',
      'SIGRTMAX',
      'SIGRTMAX-1',
      'SIGRTMAX-10',
      'SIGRTMAX-11',
      'SIGRTMAX-12',
      'SIGRTMAX-13',
      'SIGRTMAX-14',
      'SIGRTMAX-2',
      'SIGRTMAX-3',
      'SIGRTMAX-4',
      'SIGRTMAX-5',
      'SIGRTMAX-6',
      'SIGRTMAX-7',
      'SIGRTMAX-8',
      'SIGRTMAX-9',
      'SIGRTMIN',
      'SIGRTMIN+1',
      'SIGRTMIN+10',
      'SIGRTMIN+11',
      'SIGRTMIN+12',
      'SIGRTMIN+13',
      'SIGRTMIN+14',
      'SIGRTMIN+15',
      'SIGRTMIN+2',
      'SIGRTMIN+3',
      'SIGRTMIN+4',
      'SIGRTMIN+5',
      'SIGRTMIN+6',
      'SIGRTMIN+7',
      'SIGRTMIN+8',
      'SIGRTMIN+9',
      'SIGSEGV',
      'SIGSTKFLT',
      'SIGSTOP',
      'SIGSYS',
      'SIGTERM',
      'SIGTRAP',
      'SIGTSTP',
      'SIGTTIN',
      'SIGTTOU',
      'SIGURG',
      'SIGUSR1',
      'SIGUSR2',
      'SIGVTALRM',
      'SIGWINCH',
      'SIGXCPU',
      'SIGXFSZ',
    ),
    { ptr: true },
  ),
});
export interface Lifecycle extends Infer<typeof Lifecycle> {}

export const Probe = struct('core.v1.Probe', {
  exec: opt(
    1,
    of<ExecAction>(() => ExecAction),
    { via: [1] },
  ),
  failureThreshold: opt(6, int32),
  grpc: opt(
    4,
    of<GRPCAction>(() => GRPCAction),
    { via: [1] },
  ),
  httpGet: opt(
    2,
    of<HTTPGetAction>(() => HTTPGetAction),
    { via: [1] },
  ),
  initialDelaySeconds: opt(2, int32),
  periodSeconds: opt(4, int32),
  successThreshold: opt(5, int32),
  tcpSocket: opt(
    3,
    of<TCPSocketAction>(() => TCPSocketAction),
    { via: [1] },
  ),
  terminationGracePeriodSeconds: opt(7, int64, { ptr: true }),
  timeoutSeconds: opt(3, int32),
});
export interface Probe extends Infer<typeof Probe> {}
