// The pod resources API (KEP-606, KEP-2403, KEP-3695): tells exporters of the node, over a socket, which pod has which devices,
// processors and memory.
import { GrpcError, grpcCode, type GrpcMethod } from '#base/grpc.ts';
import { TokenBucket } from '#base/tokenbucket.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { MetricsText } from '#format/prometheus.ts';
import { messages } from './messages.ts';
import { type Givers, tellAllocatable, tellPod } from './tell.ts';

/** Kubelet's: a hundred calls a second, ten at once. What is too much is refused. */
const pace = { qps: 100, burst: 10 };

/** The calls, by their names in metrics. */
const calls = ['list', 'get_allocatable', 'get'] as const;
type Call = (typeof calls)[number];

export interface PodResourcesDeps {
  readonly world: Pick<World, 'fs' | 'grpc' | 'clock'>;
  /** Directory of the socket: others see it as `/var/lib/kubelet/pod-resources`. */
  readonly dir: string;
  readonly givers: Givers;
  /** Pods that hold resources of the node. */
  readonly active: () => readonly Pod[];
  /** A pod of this node, active or not. */
  readonly find: (namespace: string, name: string) => Pod | undefined;
}

export class PodResources implements Disposable {
  readonly #deps: PodResourcesDeps;
  readonly #pace: TokenBucket;
  readonly #requests = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  #close: () => void = () => undefined;

  private constructor(deps: PodResourcesDeps) {
    this.#deps = deps;
    this.#pace = new TokenBucket(deps.world.clock, pace);
  }

  /** Serves until disposed. Rejects when the socket cannot be made. */
  static async start(deps: PodResourcesDeps): Promise<PodResources> {
    const { fs, grpc } = deps.world;
    const server = new PodResources(deps);
    await fs.mkdir(deps.dir, 0o750);
    const { close } = await grpc.serve(`${deps.dir}/kubelet.sock`, {
      '/v1.PodResourcesLister/List': server.#method('v1', 'list', () => server.#list()),
      '/v1.PodResourcesLister/Get': server.#method('v1', 'get', (bytes) => server.#get(bytes)),
      '/v1.PodResourcesLister/GetAllocatableResources': server.#method('v1', 'get_allocatable', () => server.#allocatable()),
      // What exporters asked before there was v1: fewer fields, of the same numbers.
      '/v1alpha1.PodResourcesLister/List': server.#method('v1alpha1', 'list', () => server.#list()),
    });
    server.#close = close;
    return server;
  }

  #method(version: string, call: Call, answer: (request: Uint8Array) => Uint8Array): GrpcMethod {
    return (request) =>
      // A method that throws must reject.
      new Promise((resolve) => {
        if (!this.#pace.take()) throw new GrpcError(call, grpcCode.resourceExhausted, 'rejected by rate limit');
        const key = `${version}/${call}`;
        this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
        try {
          resolve(answer(request));
        } catch (error) {
          this.#errors.set(key, (this.#errors.get(key) ?? 0) + 1);
          throw error;
        }
      });
  }

  #list(): Uint8Array {
    const { active, givers } = this.#deps;
    return messages.ListPodResourcesResponse.encode({ podResources: active().map((pod) => tellPod(pod, givers)) });
  }

  #get(bytes: Uint8Array): Uint8Array {
    const { podName, podNamespace } = messages.GetPodResourcesRequest.decode(bytes) as { podName: string; podNamespace: string };
    const pod = this.#deps.find(podNamespace, podName);
    if (!pod) throw new GrpcError('Get', grpcCode.unknown, `pod ${podName} in namespace ${podNamespace} not found`);
    return messages.GetPodResourcesResponse.encode({ podResources: tellPod(pod, this.#deps.givers) });
  }

  #allocatable(): Uint8Array {
    return messages.AllocatableResourcesResponse.encode(tellAllocatable(this.#deps.givers));
  }

  /** How often it was asked, as Prometheus reads it. */
  metrics(): string {
    const text = new MetricsText();
    const family = (name: string, help: string, counts: ReadonlyMap<string, number>): void =>
      text.numbers(
        `kubelet_pod_resources_endpoint_${name}`,
        { type: 'counter', help: `[ALPHA] ${help}` },
        [...Map.groupBy(counts, ([key]) => key.split('/')[0] ?? '')].map(([version, entries]) => [
          { server_api_version: version },
          entries.reduce((sum, [, count]) => sum + count, 0),
        ]),
      );
    family('requests_total', 'Calls of the pod resources API', this.#requests);
    for (const call of calls) {
      const only = (counts: ReadonlyMap<string, number>) => new Map([...counts].filter(([key]) => key.endsWith(`/${call}`)));
      family(`requests_${call}`, `Calls of the pod resources API for ${call}`, only(this.#requests));
      family(`errors_${call}`, `Calls of the pod resources API for ${call} that failed`, only(this.#errors));
    }
    return text.toString();
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}
