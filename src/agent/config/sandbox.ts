// The configuration of a pod's sandbox: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { type AgentOptions, podLogDir } from '../options.ts';
import type { PortMapping, SandboxConfig } from '../runtime.ts';
import { sandboxLabels } from '../sync/labels.ts';
import { uidOf } from '../sync/spec.ts';
import { networkAnnotation } from '../sync/state.ts';
import { type DnsConfig, podDns } from './dns.ts';
import { podHostName } from './hostname.ts';
import { type NodeSecurity, sandboxSecurity } from './security.ts';

/** Host ports of every container that stays while the pod runs. */
function portMappings(pod: Pod): PortMapping[] {
  if (pod.spec.hostNetwork) return [];
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...sidecars, ...pod.spec.containers].flatMap((container) =>
    (container.ports ?? []).map((port) => ({
      protocol: port.protocol ?? 'TCP',
      containerPort: port.containerPort,
      hostPort: port.hostPort ?? 0,
      ...(port.hostIP ? { hostIp: port.hostIP } : {}),
    })),
  );
}

/** Everything but the attempt is the same for every sandbox of a pod. */
export function sandboxConfig(
  pod: Pod,
  attempt: number,
  about: { options: AgentOptions; cgroupParent: string; resolv: DnsConfig; security: NodeSecurity },
): SandboxConfig {
  const { options } = about;
  const { name, namespace = '', annotations } = pod.metadata;
  const uid = uidOf(pod);
  const sysctls = Object.fromEntries((pod.spec.securityContext?.sysctls ?? []).map((entry) => [entry.name, entry.value]));
  return {
    metadata: { name, uid, namespace, attempt },
    // In the node's network the pod has the node's name.
    hostname: pod.spec.hostNetwork ? '' : podHostName(pod, options.clusterDomain).kernelName,
    logDirectory: podLogDir(options.dataDir, { namespace, name, uid }),
    dnsConfig: podDns(pod, { resolv: about.resolv, clusterDns: options.clusterDns, clusterDomain: options.clusterDomain }),
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod),
    annotations: { ...annotations, [networkAnnotation]: String(pod.spec.hostNetwork === true) },
    linux: { cgroupParent: about.cgroupParent, securityContext: sandboxSecurity(pod, about.security), sysctls },
  };
}
