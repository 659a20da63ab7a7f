// What the conformance tests share: a namespace per test, pods that run to their end, waiting for what the API shows.
import assert from 'node:assert/strict';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { ConfigMaps, Namespaces, Pods, type ResourceRef, ServiceAccounts } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { ResourceClient } from '#client/client.ts';
import type { TestCluster } from '../../support/cluster.ts';
import { kubectlFor, type Kubectl } from '../../support/kubectl.ts';
import { until } from '../../support/until.ts';

export const agnhost = 'registry.k8s.io/e2e-test-images/agnhost:2.55';
export const busybox = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';

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
  /** Runs a pod to success; gives what its container said. */
  output(pod: Draft<Pod>): Promise<string>;
  /** Runs a command in a container of a running pod; fails when it fails. */
  exec(pod: string, ...command: string[]): Promise<string>;
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
  const find = async <T extends KubeObject>(ref: ResourceRef<T>, name: string): Promise<T | undefined> =>
    await of(ref)
      .get(name, { namespace })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
        return undefined;
      });
  const untilObject: Space['until'] = async (ref, name, check, ms = 30_000) => {
    let last: unknown;
    try {
      return await until(
        name,
        async () => {
          const object = await find(ref, name);
          last = object;
          return object !== undefined && check(object) ? object : undefined;
        },
        ms,
      );
    } catch (error) {
      throw new Error(`${ref.resource} ${name}: ${JSON.stringify(last, null, 1)}`, { cause: error });
    }
  };
  await untilObject(ServiceAccounts, 'default', () => true);
  await untilObject(ConfigMaps, 'kube-root-ca.crt', () => true);
  // kubectl of this namespace
  const kubectl = kubectlIn(cluster, namespace);
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
    untilGone: async (ref, name, ms = 30_000) => {
      await until(`${ref.resource} ${name} is gone`, async () => (await find(ref, name)) === undefined, ms);
    },
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
    output: async (pod) => {
      const { metadata } = await space.create(Pods, pod);
      const ended = await untilObject(Pods, metadata.name, ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
      const text = await space.logs(metadata.name);
      assert.equal(ended.status?.phase, 'Succeeded', `${text}\n${JSON.stringify(ended.status, null, 1)}`);
      return text;
    },
    exec: (pod, ...command) => kubectl.ok('exec', pod, '--', ...command),
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

/** A container that runs a shell script. */
export const shell = (script: string, more: object = {}): object => ({ image: busybox, command: ['sh', '-c', script], ...more });

/** Condition status by type. */
export const condition = (object: Pod, type: string): string | undefined =>
  object.status?.conditions?.find((candidate) => candidate.type === type)?.status;
export const isReady = (object: Pod): boolean => condition(object, 'Ready') === 'True';
