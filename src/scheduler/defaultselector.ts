// What a pod without spread constraints of its own is spread with: the pods that its Services and its controller select.
import type { LabelSelector } from '#api/meta/v1/selector.ts';
import { controllerOf } from '#api/object.ts';
import { ReplicaSets, ReplicationControllers, Services, StatefulSets } from '#api/refs.ts';
import { type Requirement, type Selector, selectorOf, selectorOfRequirements, selectorOfSet } from '#format/selector.ts';
import type { Informers } from '#client/cache.ts';
import type { PodInfo } from './podinfo.ts';
import type { DefaultSelector } from './plugins/podtopologyspread.ts';

/** Answers kept; forgotten together when a Service changes or there are too many. */
const mostKept = 1024;

/** The selector from informers of Services and of the controllers that own pods. */
export function defaultSelectorFrom(informers: Informers): DefaultSelector {
  const services = informers.of(Services);
  const controllers = informers.of(ReplicationControllers);
  const replicaSets = informers.of(ReplicaSets);
  const statefulSets = informers.of(StatefulSets);
  const kept = new Map<string, Selector | undefined>();
  const forget = (): void => kept.clear();
  services.onChange({
    added: forget,
    updated: (next, previous) => {
      if (next.spec.selector !== previous.spec.selector) forget();
    },
    deleted: forget,
  });

  function ownerSelector(pod: PodInfo): Selector | undefined {
    const owner = controllerOf(pod.pod);
    if (owner === undefined) return undefined;
    const { kind, name } = owner;
    const group = owner.apiVersion.split('/')[0];
    if (kind === 'ReplicationController' && owner.apiVersion === 'v1') {
      const set = controllers.lister.get(name, pod.namespace)?.spec.selector;
      return set === undefined ? undefined : selectorOfSet(set);
    }
    let labelSelector: LabelSelector | undefined;
    if (kind === 'ReplicaSet' && group === 'apps') labelSelector = replicaSets.lister.get(name, pod.namespace)?.spec.selector;
    if (kind === 'StatefulSet' && group === 'apps') labelSelector = statefulSets.lister.get(name, pod.namespace)?.spec.selector;
    return labelSelector === undefined ? undefined : selectorOf(labelSelector);
  }

  function compute(pod: PodInfo): Selector | undefined {
    const requirements: Requirement[] = [];
    for (const service of services.lister.list(pod.namespace)) {
      const set = service.spec.selector;
      if (set === undefined || Object.keys(set).length === 0) continue;
      const selector = selectorOfSet(set);
      if (selector.matches(pod.labels)) requirements.push(...selector.requirements);
    }
    requirements.push(...(ownerSelector(pod)?.requirements ?? []));
    if (requirements.length === 0) return undefined;
    const unique = new Map(requirements.map((item) => [`${item.key} ${item.operator} ${item.values.join(',')}`, item]));
    return selectorOfRequirements([...unique.values()]);
  }

  return (pod) => {
    const owner = controllerOf(pod.pod);
    if (owner === undefined && services.lister.size === 0) return undefined;
    const key = `${pod.namespace}|${owner?.uid ?? ''}|${JSON.stringify(pod.labels)}`;
    const known = kept.get(key);
    // An owner that the informer has not seen yet is asked for again.
    if (known !== undefined) return known;
    const selector = compute(pod);
    if (kept.size >= mostKept) kept.clear();
    if (selector !== undefined) kept.set(key, selector);
    return selector;
  };
}
