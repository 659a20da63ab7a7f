// What exec, attach and port-forward are asked.
import type { HttpRequest, Socket } from '#base/net.ts';
import type { AgentContext } from '../sync/context.ts';
import type { PodWorker } from '../sync/worker.ts';
import { HttpProblem } from './route.ts';

export interface StreamRequest {
  readonly context: AgentContext;
  readonly worker: PodWorker;
  readonly verb: string;
  readonly container: string;
  readonly query: URLSearchParams;
  readonly request: HttpRequest;
  readonly socket: Socket;
}

/** Which streams the client wants. Kubelet's names (`input`) and the API's (`stdin`) both count. */
export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Reads the streams wanted from a query: pure. */
export function streamOptions(query: URLSearchParams): StreamOptions {
  const flag = (...names: string[]): boolean => names.some((name) => ['true', '1'].includes(query.get(name) ?? ''));
  const tty = flag('tty');
  const options = { stdin: flag('stdin', 'input'), stdout: flag('stdout', 'output'), stderr: flag('stderr', 'error') && !tty, tty };
  if (!options.stdin && !options.stdout && !options.stderr) {
    throw new HttpProblem(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  return options;
}
