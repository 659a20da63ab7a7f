// Counts what namespaces use of their quotas.
import type { Component } from '#base/world.ts';
import type { ResourceQuota } from '#api/core/v1/resourcequota.ts';
import { keyOf, type KubeObject } from '#api/object.ts';
import { PersistentVolumeClaims, Pods, ResourceQuotas, type ResourceRef, Services } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { Informer } from '#client/cache.ts';
import { startController } from '#client/controller.ts';
import { discover } from '#client/discovery.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { podCounts } from '#api/quota.ts';
import { countedResource, lowers, planUsed, type QuotaView, sameAmounts } from './plan.ts';

/** Admission may have counted what was then not created: such drift is corrected now and then. */
const again = { requeueAfter: 5 * 60_000 };

/**
 * Admission charges a quota first, and what it admits comes into the cache a moment later. Counting in between would take the
 * charge back and let too much in: used amounts are lowered only when the quota has been left alone for this long ...
 */
const quiet = 100;
/** ... or has been waited for this often. */
const patience = 20;
/** New objects are counted again after this long, in case a count came in between all the same. */
const settle = 1_000;

/** Starts the controller. */
export function startResourceQuotaController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const quotas = informers.of(ResourceQuotas);
  const pods = informers.of(Pods);
  const services = informers.of(Services);
  const claims = informers.of(PersistentVolumeClaims);
  /** Resources that some quota counts, by `resource.group`. */
  const counted = new Map<string, { readonly ref: ResourceRef<KubeObject>; readonly informer: Informer<KubeObject> }>();
  const removers: (() => void)[] = [];
  /** When quotas last changed (by the monotonic clock), and how often we waited for them since. */
  const restless = new Map<string, { at: number; waits: number }>();

  const lookNamespace = (namespace: string | undefined): void => {
    for (const quota of quotas.lister.list(namespace ?? '')) if (quota.metadata.namespace === namespace) handle.enqueue(keyOf(quota));
  };

  function watch(informer: Informer<KubeObject>): void {
    const look = ({ metadata }: KubeObject): void => lookNamespace(metadata.namespace);
    removers.push(informer.onChange({ added: recount, deleted: look }));
  }
  const recount = ({ metadata }: KubeObject): void => {
    if (metadata.namespace !== undefined)
      for (const quota of quotas.lister.list(metadata.namespace)) handle.enqueueAfter(keyOf(quota), settle);
  };

  /** Milliseconds to wait before used amounts may be lowered. */
  function unrest(key: string): number {
    const state = restless.get(key);
    if (state === undefined) return 0;
    const left = state.at + quiet - world.clock.monotonic();
    return left > 0 && state.waits++ < patience ? left : 0;
  }
  const stir = (key: string): void => {
    restless.set(key, { at: world.clock.monotonic(), waits: restless.get(key)?.waits ?? 0 });
  };

  /** Makes sure that what a quota counts is in a cache. Resources that are not served count as none. */
  async function prepare(quota: ResourceQuota): Promise<void> {
    const missing = new Set(namesOf(quota).filter((name) => !counted.has(name)));
    if (missing.size === 0) return;
    const { resources } = await discover(client.transport);
    const nameOf = (ref: ResourceRef): string => (ref.group === '' ? ref.resource : `${ref.resource}.${ref.group}`);
    for (const { ref, preferred, verbs } of resources) {
      const name = nameOf(ref);
      if (!missing.has(name) || !preferred || !ref.namespaced || !verbs.includes('watch')) continue;
      const informer = informers.of(ref);
      counted.set(name, { ref, informer });
      await informer.whenSynced;
      watch(informer);
    }
  }

  const namesOf = (quota: ResourceQuota): string[] => Object.keys(quota.spec.hard ?? {}).flatMap((name) => countedResource(name) ?? []);

  /**
   * The quota and what it counts as they are now. A cache that lags may not have an object that admission has charged long ago:
   * to lower a count by it would let too much in.
   */
  async function lookedUp({ metadata }: ResourceQuota): Promise<{ quota: ResourceQuota; view: QuotaView } | undefined> {
    const namespace = metadata.namespace ?? '';
    const list = async <T extends KubeObject>(ref: ResourceRef<T>): Promise<readonly T[]> =>
      (await client.resource(ref).list({ namespace })).items;
    const fieldSelector = `metadata.name=${metadata.name}`;
    // First of all: what is charged meanwhile changes its revision, and the write is refused.
    const [quota] = (await client.resource(ResourceQuotas).list({ namespace, fieldSelector })).items;
    if (quota === undefined) return undefined;
    const [podsNow, servicesNow, claimsNow] = await Promise.all([list(Pods), list(Services), list(PersistentVolumeClaims)]);
    const counts = new Map<string, number>();
    for (const name of new Set(namesOf(quota))) {
      const ref = counted.get(name)?.ref;
      if (ref !== undefined) counts.set(name, (await list(ref)).length);
    }
    const count = (name: string): number => counts.get(name) ?? 0;
    return { quota, view: { pods: podsNow, services: servicesNow, claims: claimsNow, count, now: world.clock.now() } };
  }

  async function reconcile(key: string, signal: AbortSignal): Promise<void | { requeueAfter: number }> {
    const quota = quotas.lister.getByKey(key);
    if (quota === undefined) {
      restless.delete(key);
      return;
    }
    await prepare(quota);
    const namespace = quota.metadata.namespace ?? '';
    const used = planUsed(quota, {
      pods: pods.lister.list(namespace),
      services: services.lister.list(namespace),
      claims: claims.lister.list(namespace),
      count: (resource) => counted.get(resource)?.informer.lister.list(namespace).length ?? 0,
      now: world.clock.now(),
    });
    const hard = quota.spec.hard ?? {};
    if (sameAmounts(quota.status.hard, hard) && sameAmounts(quota.status.used, used)) return again;
    let status = { hard, used };
    let base = quota;
    if (lowers(used, quota.status.used)) {
      const wait = unrest(key);
      if (wait > 0) return { requeueAfter: wait };
      const now = await lookedUp(quota);
      if (now === undefined) return;
      base = now.quota;
      // Charged a moment ago, and not told of yet: what was charged may come into being only after it has been counted here.
      if (base.metadata.resourceVersion !== quota.metadata.resourceVersion) {
        stir(key);
        const more = unrest(key);
        if (more > 0) return { requeueAfter: more };
      }
      restless.delete(key);
      status = { hard: base.spec.hard ?? {}, used: planUsed(base, now.view) };
      if (sameAmounts(base.status.hard, status.hard) && sameAmounts(base.status.used, status.used)) return again;
    }
    try {
      await client.resource(ResourceQuotas).updateStatus({ ...base, status }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return again;
  }

  const handle = startController({ name: 'resourcequota', world, synced: allSynced(quotas, pods, services, claims), reconcile });
  const look = (quota: ResourceQuota): void => handle.enqueue(keyOf(quota));
  const lookAround = ({ metadata }: KubeObject): void => lookNamespace(metadata.namespace);
  removers.push(
    quotas.onChange({
      added: look,
      // Admission counts what comes, and writes the status itself: recounting then, with a cache that does not have the new
      // object yet, would take its count back.
      updated: (quota, previous) => {
        stir(keyOf(quota));
        const same = sameAmounts(quota.spec.hard, previous.spec.hard) && sameAmounts(quota.status.hard, previous.status.hard);
        if (!same && !sameAmounts(quota.spec.hard, quota.status.hard)) look(quota);
      },
    }),
    pods.onChange({
      added: recount,
      updated: (pod, previous) => {
        const now = world.clock.now();
        if (podCounts(previous, now) && !podCounts(pod, now)) lookAround(pod);
      },
      deleted: lookAround,
    }),
    services.onChange({
      added: recount,
      updated: (service, previous) => {
        if (service.spec.type !== previous.spec.type) lookAround(service);
      },
      deleted: lookAround,
    }),
    claims.onChange({ added: recount, deleted: lookAround }),
  );
  return withCleanup(handle, () => {
    for (const remove of removers) remove();
  });
}
