// What the demo asks of the cluster, through the API like any client.
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type KubeObject, parseApiVersion } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import { Deployments, HorizontalPodAutoscalers, Namespaces, Pods, type ResourceRef, Services } from '#api/refs.ts';
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client/client.ts';
import { discover } from '#client/discovery.ts';
import { parseYamlAll } from '#format/yaml.ts';

export const namespace = 'ad-timing';
export const app = 'ad-timing';

/** Applies the objects of YAML files, in order; `change` may adjust each first. */
export async function applyFiles(
  world: Pick<World, 'fs'>,
  client: Client,
  files: readonly string[],
  change: (object: KubeObject) => KubeObject,
): Promise<string[]> {
  const { resources } = await discover(client.transport);
  const applied: string[] = [];
  for (const file of files) {
    for (const document of parseYamlAll(await world.fs.readText(file))) {
      const object = change(document as KubeObject);
      const { group, version } = parseApiVersion(object.apiVersion ?? '');
      const found = resources.find(({ ref }) => ref.group === group && ref.version === version && ref.kind === object.kind);
      if (found === undefined) throw new Error(`${file}: no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
      const ref: ResourceRef<KubeObject> = found.ref;
      const { name, namespace: ns } = object.metadata;
      const resource = client.resource(ref);
      const inNamespace = ns ? { namespace: ns } : {};
      try {
        await resource.create(object, inNamespace);
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        await resource.patch(name, object, { type: 'merge', ...inNamespace });
      }
      applied.push(`${ref.kind.toLowerCase()}/${name}`);
    }
  }
  return applied;
}

/** Removes what an earlier run left, and waits until it is gone. */
export async function removeNamespace(world: Pick<World, 'clock'>, client: Client): Promise<boolean> {
  const namespaces = client.resource(Namespaces);
  try {
    await namespaces.delete(namespace);
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
  for (;;) {
    try {
      await namespaces.get(namespace);
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
    await world.clock.sleep(100);
  }
}

export interface View {
  readonly deployment: Deployment;
  readonly autoscaler: HorizontalPodAutoscaler | undefined;
  readonly pods: readonly Pod[];
  readonly ready: number;
}

/** The state of the example now. */
export async function look(client: Client): Promise<View> {
  const [deployment, autoscalers, pods] = await Promise.all([
    client.resource(Deployments).get(app, { namespace }),
    client.resource(HorizontalPodAutoscalers).list({ namespace }),
    client.resource(Pods).list({ namespace, labelSelector: `app=${app}` }),
  ]);
  return {
    deployment,
    autoscaler: autoscalers.items[0],
    pods: pods.items,
    ready: pods.items.filter((pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp).length,
  };
}

/** The Service's own address. */
export async function clusterAddress(client: Client): Promise<string> {
  return (await client.resource(Services).get(app, { namespace })).spec.clusterIP ?? '';
}

/** True when every replica is of the newest template and available. */
export function isRolledOut({ deployment }: View): boolean {
  const { spec, status, metadata } = deployment;
  const wanted = spec.replicas ?? 1;
  return (
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted
  );
}

/** Kills the main process of a pod's container, the way the kernel would: no warning, no clean-up. Gives the process id. */
export async function killContainer(world: Pick<World, 'fs' | 'exec'>, pod: Pod): Promise<number> {
  const uid = pod.metadata.uid ?? '';
  for (const entry of await world.fs.list('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const [groups, command] = await Promise.all([
      world.fs.readText(`/proc/${entry}/cgroup`).catch(() => ''),
      world.fs.readText(`/proc/${entry}/cmdline`).catch(() => ''),
    ]);
    if (!groups.includes(uid) || !command.includes('serve.ts')) continue;
    world.exec.kill(Number(entry), 'SIGKILL');
    return Number(entry);
  }
  throw new Error(`no process of pod ${pod.metadata.name} found`);
}
