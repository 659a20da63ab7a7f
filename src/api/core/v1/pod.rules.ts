// Defaults and validation of Pods.
import { checkSubdomain } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { dns1123Subdomain, immutableText } from '#api/formats.ts';
import { containerLimits, containerRequests } from '#api/podrequests.ts';
import { qosClass } from '#api/qos.ts';
import { deepEqual, semanticEqual } from '#api/walk/equal.ts';
import { type Errors, type Mutable, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { ipFamily } from '#api/addresses.ts';
import type { Toleration } from './affinity.ts';
import type { Container } from './container.ts';
import { Binding, Pod } from './pod.ts';
import type { PodSpec } from './podspec.ts';
import { type ContainerStatus, PodStatus } from './podstatus.ts';

function requestsFromLimits(container: Mutable<Container>): void {
  const limits = container.resources?.limits;
  if (!limits || !container.resources) return;
  container.resources.requests = { ...limits, ...container.resources.requests };
}

function podLevelDefaults(spec: Mutable<PodSpec>): void {
  const own = spec.resources;
  if (!own || (!own.limits && !own.requests)) return;
  const asked = containerRequests(spec);
  const limited = containerLimits(spec);
  for (const [name, amount] of Object.entries(limited)) {
    if (!name.startsWith('hugepages-') || own.requests?.[name] !== undefined || own.limits?.[name] !== undefined) continue;
    own.limits = { ...own.limits, [name]: amount };
  }
  if (!own.limits || Object.keys(own.limits).length === 0) return;
  const requests: Record<string, string> = { ...own.requests };
  for (const [name, amount] of Object.entries(asked)) {
    if (name === 'cpu' || name === 'memory') requests[name] ??= amount;
  }
  for (const [name, amount] of Object.entries(own.limits)) requests[name] ??= amount;
  if (Object.keys(requests).length) own.requests = requests;
}

function setPodDefaults(pod: Mutable<Pod>): void {
  const { spec } = pod;
  spec.enableServiceLinks ??= true;
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    requestsFromLimits(container);
    if (!spec.hostNetwork) continue;
    for (const port of container.ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort;
  }
  podLevelDefaults(spec);
}

const updateText = [
  'pod updates may not change fields other than `spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

function sameNames(next: readonly Container[] | undefined, previous: readonly Container[] | undefined): boolean {
  return (next?.length ?? 0) === (previous?.length ?? 0);
}

function onlyAdded(next: readonly Toleration[], previous: readonly Toleration[]): boolean {
  const plain = (toleration: Toleration): Toleration => ({ ...toleration, tolerationSeconds: undefined });
  const isNoExecute = (toleration: Toleration): boolean => toleration.effect === 'NoExecute';
  return previous.every((old) =>
    next.some((one) => semanticEqual(one, old) || (isNoExecute(old) && semanticEqual(plain(one), plain(old)))),
  );
}

/** The new spec with everything that may change set back to what it was: what then differs may not change. */
function withOldMutable(next: PodSpec, previous: PodSpec): PodSpec {
  const images = (list: readonly Container[] | undefined, old: readonly Container[] | undefined) =>
    list?.map((container, i) => ({ ...container, image: old?.[i]?.image }));
  const gated = (previous.schedulingGates?.length ?? 0) > 0;
  const negativeGrace = (previous.terminationGracePeriodSeconds ?? 0) < 0 && next.terminationGracePeriodSeconds === 1;
  return {
    ...next,
    containers: images(next.containers, previous.containers) as PodSpec['containers'],
    initContainers: images(next.initContainers, previous.initContainers) as PodSpec['initContainers'],
    activeDeadlineSeconds: previous.activeDeadlineSeconds,
    tolerations: previous.tolerations,
    schedulingGates: previous.schedulingGates,
    ...(gated ? { nodeSelector: previous.nodeSelector, affinity: withOldNodeAffinity(next, previous) } : {}),
    ...(negativeGrace ? { terminationGracePeriodSeconds: previous.terminationGracePeriodSeconds } : {}),
  };
}

function withOldNodeAffinity(next: PodSpec, previous: PodSpec): PodSpec['affinity'] {
  const affinity = { ...next.affinity, nodeAffinity: previous.affinity?.nodeAffinity };
  return previous.affinity === undefined && !affinity.podAffinity && !affinity.podAntiAffinity ? undefined : affinity;
}

function checkDeadline(next: PodSpec, previous: PodSpec, errors: Errors): void {
  const at = 'spec.activeDeadlineSeconds';
  const before = previous.activeDeadlineSeconds;
  const now = next.activeDeadlineSeconds;
  if (now !== undefined && (before === undefined || now === before)) return;
  if (now === undefined && before === undefined) return;
  if (now === undefined) {
    errors.push(invalid(at, null, 'must not update from a positive integer to nil value'));
  } else if (before !== undefined && now > before) {
    errors.push(invalid(at, now, 'must be less than or equal to previous value'));
  }
}

function checkGated(next: PodSpec, previous: PodSpec, errors: Errors): void {
  if (!previous.schedulingGates?.length) return;
  for (const [key, value] of Object.entries(previous.nodeSelector ?? {})) {
    if (next.nodeSelector?.[key] === value) continue;
    const error = invalid('spec.nodeSelector', next.nodeSelector, 'only additions are allowed (no mutations or deletions)');
    errors.push(error);
    break;
  }
}

/** What may not change in the spec of a pod, outside its subresources. */
function checkSpecUpdate(next: PodSpec, previous: PodSpec, errors: Errors): void {
  for (const list of ['containers', 'initContainers'] as const) {
    if (!sameNames(next[list], previous[list])) {
      errors.push(forbiddenField(`spec.${list}`, 'pod updates may not add or remove containers'));
      return;
    }
  }
  checkDeadline(next, previous, errors);
  const gates = new Set((previous.schedulingGates ?? []).map((gate) => gate.name));
  for (const [index, gate] of (next.schedulingGates ?? []).entries()) {
    if (!gates.has(gate.name)) {
      const text = `only deletion is allowed, but found new scheduling gate '${gate.name}'`;
      errors.push(forbiddenField(`spec.schedulingGates[${index}].name`, text));
    }
  }
  if (!onlyAdded(next.tolerations ?? [], previous.tolerations ?? [])) {
    errors.push(forbiddenField('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
  }
  checkGated(next, previous, errors);
  if (!semanticEqual(withOldMutable(next, previous), previous)) errors.push(forbiddenField('spec', updateText));
}

const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

function checkAnnotations(pod: Pod, errors: Errors): void {
  const annotations = pod.metadata.annotations;
  if (!annotations) return;
  const cost = annotations[deletionCost];
  if (cost !== undefined && (!/^-?(0|[1-9]\d*)$/.test(cost) || Math.abs(Number(cost)) > 2147483647)) {
    errors.push(invalid(`metadata.annotations[${deletionCost}]`, cost, 'must be a 32bit integer'));
  }
  if (annotations[mirror] !== undefined && !pod.spec.nodeName) {
    const detail = 'must set spec.nodeName if mirror pod annotation is set';
    errors.push(invalid(`metadata.annotations[${mirror}]`, annotations[mirror], detail));
  }
}

/** What templates may still leave open. */
function checkPodOnly({ spec }: Pod, errors: Errors): void {
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'] as const) {
    for (const [index, { image = '' }] of (spec[list] ?? []).entries()) {
      if (image !== image.trim()) {
        errors.push(invalid(`spec.${list}[${index}].image`, image, 'must not have leading or trailing whitespace'));
      }
    }
  }
  if (spec.serviceAccountName) return;
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    for (const [j, source] of (volume.projected?.sources ?? []).entries()) {
      if (!source.serviceAccountToken) continue;
      const at = `spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`;
      errors.push(forbiddenField(at, 'must not be specified when serviceAccountName is not set'));
    }
  }
}

function checkStates(
  next: readonly ContainerStatus[] | undefined,
  previous: readonly ContainerStatus[] | undefined,
  pod: Pod,
  at: string,
  errors: Errors,
): void {
  const policy = pod.spec.restartPolicy;
  if (policy === 'Always') return;
  const own = new Set(
    [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
      .filter((one) => one.restartPolicy || one.restartPolicyRules)
      .map((one) => one.name),
  );
  for (const old of previous ?? []) {
    const before = old.state?.terminated;
    if (!before || own.has(old.name) || (policy === 'OnFailure' && before.exitCode !== 0)) continue;
    const index = (next ?? []).findIndex((status) => status.name === old.name);
    const now = next?.[index];
    if (now && !now.state?.terminated) {
      errors.push(forbiddenField(`${at}[${index}].state`, 'may not be transitioned to non-terminated state'));
    }
  }
}

function checkPodIPs(pod: Pod, errors: Errors): void {
  const ips = (pod.status.podIPs ?? []).map((entry) => entry.ip);
  for (const [index, ip] of ips.entries()) {
    if (!ipFamily(ip)) errors.push(invalid(`status.podIPs[${index}]`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
  }
  if (ips.length > 1 && (ips.length > 2 || ipFamily(ips[0] ?? '') === ipFamily(ips[1] ?? ''))) {
    errors.push(invalid('status.podIPs', pod.status.podIPs, 'may specify no more than one IP for each IP family'));
  }
}

export const podRules: readonly TypeRules[] = [
  typeRules<Pod>(Pod, {
    name: dns1123Subdomain,
    siblings: 'spec',
    defaults: setPodDefaults,
    object(pod, errors) {
      checkAnnotations(pod, errors);
      checkPodOnly(pod, errors);
    },
    create(pod, errors) {
      if (pod.spec.nodeName && pod.spec.schedulingGates?.length) {
        errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
      }
      if (pod.spec.ephemeralContainers?.length) {
        errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'));
      }
    },
    update(next, previous, errors) {
      const mirrored = previous.metadata.annotations?.[mirror];
      if (next.metadata.annotations?.[mirror] !== mirrored) {
        const text = mirrored === undefined ? 'may not add mirror pod annotation' : 'may not remove or update mirror pod annotation';
        errors.push(forbiddenField(`metadata.annotations[${mirror}]`, text));
      }
      checkSpecUpdate(next.spec, previous.spec, errors);
    },
    status(next, previous, errors) {
      const before = previous.status.qosClass;
      if (before && next.status.qosClass !== before) errors.push(invalid('status.qosClass', next.status.qosClass ?? '', immutableText));
      checkSubdomain(next.status.nominatedNodeName, 'status.nominatedNodeName', errors);
      checkStates(next.status.containerStatuses, previous.status.containerStatuses, next, 'status.containerStatuses', errors);
      checkPodIPs(next, errors);
      if (!deepEqual(next.spec.nodeName, previous.spec.nodeName)) {
        errors.push(forbiddenField('status.nodeName', 'may not be changed directly'));
      }
    },
  }),
  typeRules<PodStatus>(PodStatus, {
    defaults(status) {
      const ip = status.podIP ?? status.podIPs?.[0]?.ip;
      if (ip) {
        status.podIP = ip;
        if (status.podIPs?.[0]?.ip !== ip) status.podIPs = [{ ip }];
      }
      const host = status.hostIP ?? status.hostIPs?.[0]?.ip;
      if (host && status.hostIPs && status.hostIPs[0]?.ip !== host) status.hostIPs = [{ ip: host }];
    },
  }),
  typeRules<Binding>(Binding, {
    object(binding, errors) {
      const kind = binding.target.kind;
      if (kind && kind !== 'Node') errors.push(notSupported('target.kind', kind, ['Node', '<empty>']));
      if (!binding.target.name) errors.push(required('target.name'));
    },
  }),
];

/** What an update through pods/ephemeralcontainers may not do. */
export function checkEphemeralUpdate(next: Pod, previous: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if (previous.metadata.annotations?.[mirror] !== undefined) {
    errors.push(forbiddenField('', 'static pods do not support ephemeral containers'));
  }
  const after = new Map((next.spec.ephemeralContainers ?? []).map((container, index) => [container.name, [index, container] as const]));
  for (const old of previous.spec.ephemeralContainers ?? []) {
    const found = after.get(old.name);
    if (!found) errors.push(forbiddenField('spec.ephemeralContainers', `existing ephemeral containers "${old.name}" may not be removed\n`));
    else if (!semanticEqual(found[1], old)) {
      errors.push(forbiddenField('spec.ephemeralContainers', `existing ephemeral containers "${old.name}" may not be changed\n`));
    }
  }
  return errors;
}

/** What an update through pods/resize may not do: only cpu and memory of containers change, and never the QoS class. */
export function checkResize(next: Pod, previous: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if (qosClass(next.spec) !== (previous.status.qosClass ?? qosClass(previous.spec))) {
    errors.push(invalid('spec', qosClass(next.spec), 'Pod QOS Class may not change as a result of resizing'));
  }
  const plain = (container: Container): Container => ({ ...container, resources: withoutCompute(container.resources), resizePolicy: [] });
  const strip = (spec: PodSpec): PodSpec => ({
    ...spec,
    containers: spec.containers.map(plain),
    initContainers: (spec.initContainers ?? []).map(plain),
  });
  if (!semanticEqual(strip(next.spec), strip(previous.spec))) {
    errors.push(forbiddenField('spec', 'only cpu and memory resources are mutable'));
  }
  for (const [index, old] of previous.spec.containers.entries()) {
    const now = next.spec.containers[index];
    for (const list of ['requests', 'limits'] as const) {
      for (const name of Object.keys(old.resources?.[list] ?? {})) {
        if (now?.resources?.[list]?.[name] === undefined) {
          errors.push(forbiddenField(`spec.containers[${index}].resources.${list}`, `resource ${list} cannot be removed`));
        }
      }
    }
  }
  return errors;
}

function withoutCompute(resources: Container['resources']): Container['resources'] {
  const drop = (list: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(Object.entries(list ?? {}).filter(([name]) => name !== 'cpu' && name !== 'memory'));
  return { ...resources, limits: drop(resources?.limits), requests: drop(resources?.requests) };
}
