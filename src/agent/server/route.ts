// What a handler of the agent's API gets.
import type { HttpReply, HttpRequest } from '#base/net.ts';
import type { AgentContext } from '../sync/context.ts';
import type { PodWorker } from '../sync/worker.ts';

/** A refusal: status code and text. */
export class HttpProblem extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A request about a container of a pod of this node. */
export interface PodRequest {
  readonly context: AgentContext;
  readonly worker: PodWorker;
  /** Empty for requests about the pod as a whole. */
  readonly container: string;
  readonly query: URLSearchParams;
  readonly request: HttpRequest;
  readonly reply: HttpReply;
}

export type Route = (request: PodRequest) => Promise<void>;
