// A pod's whole status: pure.
import type { PodStatus } from '#api/core/v1/podstatus.ts';
import { rfc3339 } from '#base/clock.ts';
import { initContainers, isTerminalPhase } from '../sync/spec.ts';
import { podConditions } from './conditions.ts';
import { containerStatuses } from './containers.ts';
import type { StatusInput } from './input.ts';
import { podPhase } from './phase.ts';
import { qosClass } from './qos.ts';

function addresses(input: StatusInput): Pick<PodStatus, 'podIP' | 'podIPs'> {
  const sandbox = input.state.sandboxes[0];
  const hostNetwork = input.pod.spec.hostNetwork === true;
  let ips = sandbox?.ready ? (hostNetwork ? input.nodeIps : sandbox.ips) : [];
  // The addresses of a pod that has ended stay on record.
  if (ips.length === 0) ips = (input.old.podIPs ?? []).map((entry) => entry.ip);
  const [first] = ips;
  return first === undefined ? {} : { podIP: first, podIPs: ips.map((ip) => ({ ip })) };
}

/** Computes the status. What others wrote (nominatedNodeName, foreign conditions, claims) is kept. */
export function computeStatus(input: StatusInput): PodStatus {
  const { pod, old } = input;
  const init = containerStatuses('init', initContainers(pod), input);
  const regular = containerStatuses('regular', pod.spec.containers, input);
  const ephemeral = containerStatuses('ephemeral', pod.spec.ephemeralContainers ?? [], input);
  const statuses = { init, regular };
  const kept = isTerminalPhase(old.phase) ? old.phase : undefined;
  const computed = kept ?? (input.failure ? 'Failed' : podPhase(pod, statuses, input.terminal));
  // A final phase is told only when nothing of the pod can run any more.
  const early = !kept && !input.terminal && isTerminalPhase(computed);
  const phase = early ? (old.phase ?? 'Pending') : computed;
  const reason = (early ? undefined : input.failure?.reason) ?? old.reason;
  const message = (early ? undefined : input.failure?.message) ?? old.message;
  const [hostIp] = input.nodeIps;
  const {
    initContainerStatuses: _init,
    containerStatuses: _regular,
    ephemeralContainerStatuses: _ephemeral,
    reason: _reason,
    message: _message,
    podIP: _podIP,
    podIPs: _podIPs,
    ...rest
  } = old;
  return {
    ...rest,
    phase,
    ...(pod.metadata.generation ? { observedGeneration: pod.metadata.generation } : {}),
    conditions: podConditions({
      pod,
      statuses,
      phase,
      sandboxReady: input.state.sandboxes[0]?.ready === true && !input.terminal,
      known: old.conditions ?? [],
      ...(input.sizes ? { resize: input.sizes } : {}),
      ...(input.disrupted ? { disruption: { reason: input.disrupted, message: input.failure?.message ?? '' } } : {}),
      now: input.now,
    }),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(hostIp === undefined ? {} : { hostIP: hostIp, hostIPs: input.nodeIps.map((ip) => ({ ip })) }),
    ...addresses(input),
    startTime: old.startTime ?? rfc3339(input.now),
    qosClass: qosClass(pod),
    ...(init.length ? { initContainerStatuses: init } : {}),
    containerStatuses: regular,
    ...(ephemeral.length ? { ephemeralContainerStatuses: ephemeral } : {}),
  };
}
