// Where the scenarios of the apps and scheduling conformance tests are played: a namespace of a cluster with containers, or
// of one with simulated nodes. They differ only in how a pod is made unhealthy and in whether somebody answers in it.
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { isConditionTrue, isPodReady } from '#api/podutil.ts';
import { Nodes, Pods, type ResourceRef } from '#api/refs.ts';
import { isConflict } from '#api/status.ts';
import type { WatchEvent } from '#client/transport.ts';
import { agnhost, busybox, inSpace, type Space } from '../../e2e/conformance/support.ts';
import type { TestCluster } from '../cluster.ts';
import { until } from '../until.ts';

export type { Space };
export { agnhost, busybox };
/** Milliseconds that one wait may take: a busy machine is slow. */
export const patience = 180_000;

export interface Ground extends Space {
  /** True where pods are containers. */
  readonly real: boolean;
  /** The pod template of something that serves, and that can be made unhealthy. */
  template(labels: Readonly<Record<string, string>>, version?: string, spec?: Draft<Pod['spec']>): object;
  /** Makes a pod of that template unready, until it is mended. */
  breakPod(name: string): Promise<void>;
  mendPod(name: string): Promise<void>;
}

export type Scenario = (ground: Ground) => Promise<void>;

const healthy = 'tests.tutti.dev/healthy';
const script = 'touch /tmp/ready; trap "exit 0" TERM; while true; do sleep 1; done';
const unique = (): string => Math.random().toString(36).slice(2, 8);

/** Plays a scenario in a namespace of its own. */
export async function inGround(cluster: TestCluster, real: boolean, scenario: Scenario): Promise<void> {
  await inSpace(cluster, async (space) => {
    const stop = new AbortController();
    const marking = real ? undefined : keepHealthy(space, stop.signal);
    const mark = (name: string, status: 'True' | 'False') => setHealth(space, name, status);
    try {
      await scenario({
        ...space,
        real,
        template: (labels, version = '1', spec = {}) => ({
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            ...(real ? {} : { readinessGates: [{ conditionType: healthy }] }),
            ...spec,
            containers: [
              {
                name: 'web',
                image: busybox,
                command: ['sh', '-c', script],
                env: [{ name: 'VERSION', value: version }],
                ...(real
                  ? {
                      readinessProbe: {
                        exec: { command: ['cat', '/tmp/ready'] },
                        periodSeconds: 1,
                        timeoutSeconds: 20,
                        failureThreshold: 1,
                      },
                    }
                  : {}),
                ...(spec.containers?.[0] as object | undefined),
              },
            ],
          },
        }),
        breakPod: async (name) => {
          if (real) await space.exec(name, 'rm', '/tmp/ready');
          else await mark(name, 'False');
          await space.until(Pods, name, (pod) => pod.status.phase === 'Running' && !isPodReady(pod));
        },
        mendPod: async (name) => {
          if (real) await space.exec(name, 'touch', '/tmp/ready');
          else await mark(name, 'True');
        },
      });
    } finally {
      stop.abort();
      await marking;
    }
  });
}

async function setHealth(space: Space, name: string, status: 'True' | 'False'): Promise<void> {
  const conditions = [{ type: healthy, status }];
  await space.of(Pods).patch(name, { status: { conditions } }, { type: 'strategic', subresource: 'status', namespace: space.namespace });
}

/** Says of every pod that asks for it that it is healthy, once. */
async function keepHealthy(space: Space, signal: AbortSignal): Promise<void> {
  const { namespace } = space;
  // Events from before the mark may still be on their way: who was broken since stays so.
  const marked = new Set<string | undefined>();
  while (!signal.aborted) {
    try {
      for await (const { type, object } of space.of(Pods).watch({ namespace, sendInitialEvents: true, signal })) {
        if (type !== 'ADDED' && type !== 'MODIFIED') continue;
        const asks = object.spec.readinessGates?.some(({ conditionType }) => conditionType === healthy) ?? false;
        const { name, uid } = object.metadata;
        if (!asks || marked.has(uid) || object.status.conditions?.some((one) => one.type === healthy)) continue;
        await setHealth(space, name, 'True').then(
          () => marked.add(uid),
          () => undefined,
        );
      }
    } catch (error) {
      if (!signal.aborted) console.error('watch of pods:', error);
    }
  }
}

/** `name-` and a few letters, for objects that have no namespace. */
export const named = (name: string): string => `${name}-${process.pid}-${unique()}`;

/** Watches from a resource version until an event satisfies `check`, as the suite waits. */
export async function event<T extends KubeObject>(
  ground: Space,
  ref: ResourceRef<T>,
  from: { readonly resourceVersion: string; readonly labelSelector?: string; readonly fieldSelector?: string },
  check: (event: WatchEvent<T>) => boolean,
  ms = patience,
): Promise<T> {
  const signal = AbortSignal.timeout(ms);
  const seen: string[] = [];
  try {
    for await (const one of ground.of(ref).watch({ namespace: ground.namespace, ...from, signal })) {
      seen.push(`${one.type} ${JSON.stringify(one.object.metadata.labels)} ${JSON.stringify((one.object as { status?: object }).status)}`);
      if (check(one)) return one.object;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  throw new Error(`no such event of ${ref.resource} within ${ms} ms; seen: ${seen.join('\n')}`);
}

/** Where a watch that misses nothing begins. */
export async function versionOf<T extends KubeObject>(ground: Space, ref: ResourceRef<T>, labelSelector = ''): Promise<string> {
  const { metadata } = await ground.of(ref).list({ namespace: ground.namespace, ...(labelSelector ? { labelSelector } : {}) });
  return metadata.resourceVersion ?? '';
}

/** Reads, changes and writes again while somebody else is quicker. */
export async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  return until('the write meets no conflict', () =>
    attempt().catch((error: unknown) => {
      if (!isConflict(error)) throw error;
      return undefined;
    }),
  );
}

/** Reads an object, changes it, and replaces it. */
export function updated<T extends KubeObject>(
  ground: Space,
  ref: ResourceRef<T>,
  name: string,
  change: (object: T) => object,
  subresource?: 'status',
): Promise<T> {
  return retried(async () => {
    const next = change(await ground.get(ref, name)) as T;
    return subresource ? ground.of(ref).updateStatus(next) : ground.of(ref).update(next);
  });
}

export const patched = <T extends KubeObject>(
  ground: Space,
  ref: ResourceRef<T>,
  name: string,
  body: object,
  options: { readonly type?: 'merge' | 'strategic' | 'json'; readonly subresource?: string } = {},
): Promise<T> => ground.of(ref).patch(name, body, { type: 'strategic', ...options, namespace: ground.namespace });

/** Pods that nobody asked to go. */
export const alive = async (ground: Space, labelSelector: string): Promise<readonly Pod[]> =>
  (await ground.list(Pods, labelSelector))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));

/** Waits until there are so many pods, all running and ready. */
export const readyPods = (ground: Space, labelSelector: string, count: number): Promise<readonly Pod[]> =>
  until(
    `${count} ready pods of ${labelSelector}`,
    async () => {
      const pods = await ground.list(Pods, labelSelector);
      return pods.length === count && pods.every((pod) => pod.status.phase === 'Running' && isPodReady(pod)) ? pods : undefined;
    },
    patience,
  );

/** Nodes that take pods. */
export async function schedulableNodes(ground: Space): Promise<readonly string[]> {
  const { items } = await ground.of(Nodes).list({ fieldSelector: 'spec.unschedulable=false' });
  return items
    .filter(({ spec, status }) => (spec.taints?.length ?? 0) === 0 && isConditionTrue(status.conditions, 'Ready'))
    .map(({ metadata }) => metadata.name);
}

/** Deletes a namespace's worth of waiting: the namespace goes on its own, cluster-wide objects do not. */
export async function removing<T extends KubeObject>(
  ground: Space,
  ref: ResourceRef<T>,
  names: readonly string[],
  body: () => Promise<void>,
): Promise<void> {
  try {
    await body();
  } finally {
    await Promise.all(
      names.map((name) =>
        ground
          .of(ref)
          .delete(name)
          .catch(() => undefined),
      ),
    );
  }
}
