// ResourceQuota: what a namespace may use, counted before it is written. The count goes into the quota's status with a
// guard on its revision, so that several requests, and several servers, cannot overrun it together.
import { conflict, forbidden, staleMessage } from '#api/status.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ResourceQuota } from '#api/core/v1/resourcequota.ts';
import type { KubeObject } from '#api/object.ts';
import { KeyedMutex } from '#base/mutex.ts';
import type { Entry } from '../cacher/entry.ts';
import { fromStore, persist } from '../registry/persist.ts';
import type { Registry } from '../registry/registry.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { growth, judge, quotaConcerns, unstated, usageOf } from './quotacheck.ts';

const attempts = 20;
/** Requests of one server take turns: they need not find each other out by conflicts. */
const turnsOf = new WeakMap<Registry, KeyedMutex>();
// Updates can only grow what is measured.
const measured = new Set(['pods', 'services', 'persistentvolumeclaims']);

async function charge(attributes: AdmissionAttributes, first: Entry): Promise<void> {
  const { registry, row, name, object, oldObject, dryRun } = attributes;
  const quotas = registry.must('', 'v1', 'resourcequotas');
  const refuse = (why: string) => forbidden({ group: row.group, resource: row.resource }, name, why);
  const now = registry.world.clock.now();
  const usage = usageOf(row, object as KubeObject, now);
  const delta = oldObject ? growth(usage, usageOf(row, oldObject, now)) : usage;
  let entry: Entry | undefined = first;
  for (let attempt = 0; attempt < attempts && entry; attempt++) {
    const quota = entry.object as ResourceQuota;
    if (!quotaConcerns(quota, row, object as KubeObject)) return;
    if (!Object.keys(delta).some((key) => quota.spec.hard?.[key] !== undefined)) {
      const isPod = row.group === '' && row.resource === 'pods';
      if (!isPod || oldObject) return;
    }
    if (row.group === '' && row.resource === 'pods' && !oldObject) {
      const missing = unstated(quota, object as Pod);
      if (missing !== undefined) throw refuse(`failed quota: ${quota.metadata.name}: must specify ${missing}`);
    }
    const verdict = judge(quota, delta);
    if ('refused' in verdict) throw refuse(verdict.refused);
    if (dryRun) return;
    const next = { ...quota, status: { ...quota.status, used: verdict.used } } as KubeObject;
    const result = await persist(registry, quotas, entry.key, next, entry.revision);
    if (result.ok) return;
    entry = result.current ?? (await fromStore(registry, entry.key));
  }
  // Nothing is let through uncounted. Without an entry the quota is gone.
  if (entry) throw conflict({ group: '', resource: 'resourcequotas' }, first.object.metadata.name, staleMessage);
}

export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',

  handles(row, operation, subresource) {
    if (!row.namespaced) return false;
    if (operation === 'CREATE') return subresource === '';
    return operation === 'UPDATE' && row.group === '' && measured.has(row.resource) && (subresource === '' || subresource === 'resize');
  },

  async validate(attributes) {
    const { registry, namespace } = attributes;
    const quotas = registry.must('', 'v1', 'resourcequotas');
    const prefix = quotas.keyPrefix(namespace);
    if (quotas.table.size === 0 || quotas.table.count(prefix) === 0) return;
    // What is not taken back when a later quota, or the write, refuses is corrected by the quota controller's recount.
    const entries = Array.from(quotas.table.range(prefix));
    const turns = turnsOf.get(registry) ?? new KeyedMutex();
    turnsOf.set(registry, turns);
    for (const entry of entries) await turns.run(entry.key, () => charge(attributes, quotas.table.get(entry.key) ?? entry));
  },
};
