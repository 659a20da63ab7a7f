// What the conformance tests share: a namespace per test, pods that run to their end, waiting for what the API shows.
import assert from 'node:assert/strict';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { ConfigMaps, Events, Namespaces, Pods, type ResourceRef, ServiceAccounts } from '#api/refs.ts';
import { isConflict } from '#api/status.ts';
import type { ResourceClient } from '#client/client.ts';
import type { TestCluster } from '../../support/cluster.ts';
import { execute } from '../../support/exec.ts';
import { kubectlFor, type Kubectl } from '../../support/kubectl.ts';
import { until } from '../../support/until.ts';

export const agnhost = 'registry.k8s.io/e2e-test-images/agnhost:2.55';
export const busybox = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';
export const pauseImage = 'registry.k8s.io/pause:3.10.1';

/** Clients of one namespace: names need no namespace with them. */
export interface Space {
  readonly namespace: string;
  readonly cluster: TestCluster;
  readonly kubectl: Kubectl;
  create<T extends KubeObject>(ref: ResourceRef<T>, object: Draft<T>): Promise<T>;
  get<T extends KubeObject>(ref: ResourceRef<T>, name: string): Promise<T>;
  list<T extends KubeObject>(ref: ResourceRef<T>, labelSelector?: string): Promise<readonly T[]>;
  remove<T extends KubeObject>(ref: ResourceRef<T>, name: string, grace?: number): Promise<void>;
  of<T extends KubeObject>(ref: ResourceRef<T>): ResourceClient<T>;
  /** Waits until the object satisfies `check`; tells its state when it does not in time. */
  until<T extends KubeObject>(ref: ResourceRef<T>, name: string, check: (object: T) => unknown, ms?: number): Promise<T>;
  untilGone<T extends KubeObject>(ref: ResourceRef<T>, name: string, ms?: number): Promise<void>;
  logs(pod: string, container?: string): Promise<string>;
  /** Runs a pod to success; gives what its first container said. */
  output(pod: Draft<Pod>): Promise<string>;
  /** Runs containers to success in one pod; gives what each of them said. */
  outputs<N extends string>(name: string, containers: Readonly<Record<N, object>>, spec?: object): Promise<Record<N, string>>;
  /** Runs a command in the only container of a running pod and gives its output; fails when the command fails. */
  exec(pod: string, ...command: string[]): Promise<string>;
  /** The same in one of several containers. */
  execIn(pod: string, container: string, ...command: string[]): Promise<string>;
}

const defined = <T>(value: T | undefined): T => {
  assert.ok(value);
  return value;
};

let count = 0;

/** Runs a test in a namespace of its own, which goes away afterwards. */
export async function inSpace(cluster: TestCluster | undefined, test: (space: Space) => Promise<void>): Promise<void> {
  const space = await openSpace(defined(cluster));
  try {
    await test(space);
  } finally {
    await space.cluster.client.resource(Namespaces).delete(space.namespace);
  }
}

async function openSpace(cluster: TestCluster): Promise<Space> {
  const namespace = `conformance-${process.pid}-${++count}`;
  const { client } = cluster;
  await client.resource(Namespaces).create({ metadata: { name: namespace } });
  const of = <T extends KubeObject>(ref: ResourceRef<T>): ResourceClient<T> => client.resource(ref);
  /** Follows an object by a list and watches, until `done` says so of it, or of its absence. */
  const follow = async <T extends KubeObject>(
    ref: ResourceRef<T>,
    name: string,
    done: (object?: T) => unknown,
    ms: number,
  ): Promise<void> => {
    const signal = AbortSignal.timeout(ms);
    const selection = { namespace, fieldSelector: `metadata.name=${name}`, signal };
    let last: T | undefined;
    const reached = (object?: T): boolean => {
      last = object;
      return Boolean(done(object));
    };
    try {
      for (;;) {
        const { items, metadata } = await of(ref).list(selection);
        if (reached(items[0])) return;
        for await (const { type, object } of of(ref).watch({ ...selection, resourceVersion: metadata.resourceVersion ?? '' })) {
          if (reached(type === 'DELETED' ? undefined : object)) return;
        }
        signal.throwIfAborted();
      }
    } catch (error) {
      const shown = last && JSON.stringify({ ...last, metadata: { ...last.metadata, managedFields: undefined } }, null, 1);
      throw new Error(`${ref.resource} ${name} after ${ms} ms at most: ${shown}`, { cause: error });
    }
  };
  const untilObject = async <T extends KubeObject>(
    ref: ResourceRef<T>,
    name: string,
    check: (object: T) => unknown,
    ms = 180_000,
  ): Promise<T> => {
    let found: T | undefined;
    await follow(ref, name, (object) => (found = object && check(object) ? object : undefined), ms);
    return defined(found);
  };
  await untilObject(ServiceAccounts, 'default', () => true);
  await untilObject(ConfigMaps, 'kube-root-ca.crt', () => true);
  // kubectl of this namespace
  const kubectl = kubectlIn(cluster, namespace);
  const run = async (draft: Draft<Pod>, containers: readonly string[]): Promise<string[]> => {
    const { metadata } = await space.create(Pods, draft);
    const ended = await untilObject(Pods, metadata.name, ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
    const said = await Promise.all(containers.map((container) => space.logs(metadata.name, container)));
    assert.equal(ended.status?.phase, 'Succeeded', `${said.join('\n')}\n${JSON.stringify(ended.status, null, 1)}`);
    return said;
  };
  const space: Space = {
    namespace,
    cluster,
    kubectl,
    of,
    create: (ref, object) => of(ref).create(object, { namespace }),
    get: (ref, name) => of(ref).get(name, { namespace }),
    list: async (ref, labelSelector) => (await of(ref).list({ namespace, ...(labelSelector ? { labelSelector } : {}) })).items,
    remove: async (ref, name, grace) => {
      await of(ref).delete(name, { namespace, ...(grace === undefined ? {} : { options: { gracePeriodSeconds: grace } }) });
    },
    until: untilObject,
    untilGone: (ref, name, ms = 180_000) => follow(ref, name, (object) => object === undefined, ms),
    logs: async (pod, container) => {
      const response = await client.transport.send({
        method: 'GET',
        path: `/api/v1/namespaces/${namespace}/pods/${pod}/log`,
        ...(container ? { query: `container=${container}` } : {}),
      });
      assert.ok('stream' in response.body);
      const parts: Uint8Array[] = [];
      for await (const part of response.body.stream) parts.push(part);
      const text = Buffer.concat(parts).toString('utf8');
      assert.equal(response.status, 200, text);
      return text;
    },
    output: async (draft) => {
      const [main] = draft.spec?.containers ?? [];
      return (await run(draft, [main?.name ?? '']))[0] ?? '';
    },
    outputs: async (name, containers, spec) => {
      const names = Object.keys(containers) as (keyof typeof containers)[];
      const said = await run(several(name, containers, spec), names);
      return Object.fromEntries(names.map((container, n) => [container, said[n]])) as Record<(typeof names)[number], string>;
    },
    exec: (pod, ...command) => execute(cluster.access, { namespace, pod, command }),
    execIn: (pod, container, ...command) => execute(cluster.access, { namespace, pod, container, command }),
  };
  return space;
}

function kubectlIn(cluster: TestCluster, namespace: string): Kubectl {
  const add = (args: readonly string[]): string[] => ['-n', namespace, ...args];
  const base = kubectlFor(cluster.kubeconfig);
  return Object.assign((...args: readonly string[]) => base(...add(args)), {
    ok: (...args: readonly string[]) => base.ok(...add(args)),
    pipe: (input: string, ...args: readonly string[]) => base.pipe(input, ...add(args)),
    with: base.with,
  });
}

/** A pod with one container. */
export function pod(name: string, container: object, more: { spec?: object; labels?: Record<string, string> } = {}): Draft<Pod> {
  return {
    metadata: { name, ...(more.labels ? { labels: more.labels } : {}) },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: agnhost, ...container }],
      ...more.spec,
    },
  } as Draft<Pod>;
}

/** A pod with several containers, by name. */
export function several(name: string, containers: Readonly<Record<string, object>>, spec: object = {}): Draft<Pod> {
  const list = Object.entries(containers).map(([container, more]) => ({ name: container, image: agnhost, ...more }));
  return pod(name, {}, { spec: { ...spec, containers: list } });
}

/** A pod with one volume `v`, mounted in its container at a path. */
export function mounted(
  name: string,
  source: object,
  about: { at: string; mount?: object; container?: object; spec?: object; labels?: Record<string, string> },
): Draft<Pod> {
  const volumeMounts = [{ name: 'v', mountPath: about.at, ...about.mount }];
  const spec = { volumes: [{ name: 'v', ...source }], ...about.spec };
  return pod(name, { volumeMounts, ...about.container }, { spec, ...(about.labels ? { labels: about.labels } : {}) });
}

/** A container that looks at files, each time with these flags of mounttest: `{}` stands for the path. */
export const looksAt = (paths: readonly string[], ...flags: readonly string[]): object => ({
  command: ['sh', '-c', paths.map((path) => `/agnhost mounttest ${flags.join(' ').replaceAll('{}', path)}`).join(' && ')],
});

/** A container that runs a shell script. */
export const shell = (script: string, more: object = {}): object => ({ image: busybox, command: ['sh', '-c', script], ...more });

/** Condition status by type. */
export const condition = (object: Pod, type: string): string | undefined =>
  object.status?.conditions?.find((candidate) => candidate.type === type)?.status;
export const isReady = (object: Pod): boolean => condition(object, 'Ready') === 'True';

/** A pod that does nothing. */
export const idle = (name: string, more: Parameters<typeof pod>[2] = {}): Draft<Pod> => pod(name, { args: ['pause'] }, more);

/** How often the first container of a pod was started again. */
export const restarts = (now: Pod): number => now.status?.containerStatuses?.[0]?.restartCount ?? 0;

/** Reads, changes and writes a pod until nobody came in between. */
export async function update(space: Space, name: string, change: (pod: Pod) => Pod, subresource?: string): Promise<Pod> {
  const { namespace } = space;
  for (;;) {
    try {
      const now = await space.get(Pods, name);
      return await space.of(Pods).update(change(now), { namespace, ...(subresource ? { subresource } : {}) });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

/** Waits for an event of the namespace. */
export async function told(space: Space, reason: string, text: RegExp): Promise<void> {
  await until(`event ${reason} ${text}`, async () =>
    (await space.list(Events)).some((event) => event.reason === reason && text.test(event.message ?? '')),
  );
}
