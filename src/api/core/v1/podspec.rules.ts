// Defaults and validation of pod specs, wherever they occur: pods and templates.
import { ipFamily } from '#api/addresses.ts';
import { checkFormat, checkLabels, checkRange, checkSubdomain, present } from '#api/checks.ts';
import { absent, duplicate, type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { dns1123Label, dns1123Subdomain, qualifiedName } from '#api/formats.ts';
import { compareQuantity } from '#format/quantity.ts';
import { checkAnnotations } from '#api/meta/v1/objectmeta.rules.ts';
import { containerRequests } from '#api/podrequests.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { checkSpreadUnique } from './affinity.rules.ts';
import type { Container, EphemeralContainer } from './container.ts';
import { Pod } from './pod.ts';
import { PodSpec, PodTemplateSpec } from './podspec.ts';
import { checkOneSuccess, checkReadiness, checkSleep } from './probe.rules.ts';
import { ObjectFieldSelector } from './reference.ts';
import { checkContainerResources } from './resources.rules.ts';
import { checkHostSysctls, forbidWindows } from './security.rules.ts';
import { checkVolumes } from './volume.rules.ts';
import type { Volume } from './volume.ts';

type Listed = readonly [
  list: 'containers' | 'initContainers' | 'ephemeralContainers',
  index: number,
  container: Container | EphemeralContainer,
];

function allContainers(spec: PodSpec): Listed[] {
  return (['containers', 'initContainers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index): Listed => [list, index, container]),
  );
}

function checkHostPorts(spec: PodSpec, isPod: boolean, at: string, errors: FieldError[]): void {
  const shared = new Set<string>();
  for (const [list, index, container] of allContainers(spec)) {
    // Plain init containers run one by one, so each has the ports to itself.
    const taken = list === 'containers' ? shared : new Set<string>();
    if (list === 'ephemeralContainers') continue;
    for (const [i, port] of (container.ports ?? []).entries()) {
      const here = `${at}.${list}[${index}].ports[${i}].hostPort`;
      const hostPort = port.hostPort ?? 0;
      // Templates may leave the host port to the defaults of the pods made from them.
      if (list === 'containers' && spec.hostNetwork && (isPod || hostPort !== 0) && hostPort !== port.containerPort) {
        errors.push(invalid(here, hostPort, 'must match `containerPort` when `hostNetwork` is true'));
      }
      if (hostPort === 0) continue;
      const key = `${port.protocol}/${port.hostIP ?? ''}/${hostPort}`;
      if (taken.has(key)) errors.push(duplicate(here, key));
      taken.add(key);
    }
  }
}

function checkContainers(spec: PodSpec, at: string, errors: FieldError[]): void {
  if (spec.containers.length === 0) errors.push(required(`${at}.containers`));
  const names = new Set<string>();
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  for (const [list, index, container] of allContainers(spec)) {
    const here = `${at}.${list}[${index}]`;
    if (container.name !== '') {
      if (names.has(container.name)) errors.push(duplicate(`${here}.name`, container.name));
      names.add(container.name);
    }
    checkVolumeUse(container, volumes, here, errors);
    for (const [i, claim] of (container.resources?.claims ?? []).entries()) {
      if (claim.name !== '' && !spec.resourceClaims?.some(({ name }) => name === claim.name)) {
        errors.push(absent(`${here}.resources.claims[${i}]`, claim.name));
      }
    }
  }
}

function checkVolumeUse(
  container: Container | EphemeralContainer,
  volumes: ReadonlyMap<string, Volume>,
  at: string,
  errors: FieldError[],
): void {
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    if (mount.name !== '' && !volumes.has(mount.name)) errors.push(absent(`${at}.volumeMounts[${i}].name`, mount.name));
  }
  for (const [i, device] of (container.volumeDevices ?? []).entries()) {
    if (device.name === '') continue;
    const volume = volumes.get(device.name);
    const here = `${at}.volumeDevices[${i}].name`;
    if (!volume) errors.push(absent(here, device.name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      errors.push(invalid(here, device.name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
    }
    if (container.volumeMounts?.some((mount) => mount.name === device.name)) {
      errors.push(invalid(here, device.name, 'must not already exist in volumeMounts'));
    }
  }
}

const initForbidden = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

function checkProbes(container: Container, grace: number, at: string, errors: FieldError[]): void {
  if (container.livenessProbe) checkOneSuccess(container.livenessProbe, `${at}.livenessProbe`, errors);
  if (container.startupProbe) checkOneSuccess(container.startupProbe, `${at}.startupProbe`, errors);
  if (container.readinessProbe) checkReadiness(container.readinessProbe, `${at}.readinessProbe`, errors);
  checkSleep(container.lifecycle?.preStop, grace, `${at}.lifecycle.preStop`, errors);
  checkSleep(container.lifecycle?.postStart, grace, `${at}.lifecycle.postStart`, errors);
}

function checkInitAndMain(spec: PodSpec, at: string, errors: FieldError[]): void {
  const grace = spec.terminationGracePeriodSeconds ?? 30;
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const here = `${at}.initContainers[${index}]`;
    checkRestartPolicy(container, here, errors);
    if (container.restartPolicy === 'Always') checkProbes(container, grace, here, errors);
    else {
      for (const field of present(container, initForbidden)) {
        errors.push(forbiddenField(`${here}.${field}`, 'may not be set for init containers without restartPolicy=Always'));
      }
    }
  }
  for (const [index, container] of spec.containers.entries()) {
    const here = `${at}.containers[${index}]`;
    checkRestartPolicy(container, here, errors);
    checkProbes(container, grace, here, errors);
    for (const policy of container.resizePolicy ?? []) {
      if (spec.restartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired') {
        const text = "must be 'NotRequired' when `restartPolicy` is 'Never'";
        errors.push(invalid(`${here}.resizePolicy`, policy.restartPolicy, text));
      }
    }
  }
  for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
    const target = container.targetContainerName;
    if (target && !spec.containers.some(({ name }) => name === target)) {
      errors.push(absent(`${at}.ephemeralContainers[${index}].targetContainerName`, target));
    }
  }
}

function checkRestartPolicy(container: Container, at: string, errors: FieldError[]): void {
  const policy = container.restartPolicy;
  if (policy !== undefined && !['Always', 'Never', 'OnFailure'].includes(policy)) {
    errors.push(notSupported(`${at}.restartPolicy`, policy, ['Always', 'Never', 'OnFailure']));
  }
}

function checkDns(spec: PodSpec, at: string, errors: FieldError[]): void {
  if (!spec.dnsPolicy) errors.push(required(`${at}.dnsPolicy`));
  const config = spec.dnsConfig;
  const here = `${at}.dnsConfig`;
  const servers = config?.nameservers ?? [];
  if (spec.dnsPolicy === 'None') {
    if (!config) errors.push(required(here, 'must provide `dnsConfig` when `dnsPolicy` is None'));
    else if (servers.length === 0) {
      errors.push(required(`${here}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
    }
  }
  if (!config) return;
  if (servers.length > 3) errors.push(invalid(`${here}.nameservers`, servers, 'must not have more than 3 nameservers'));
  for (const [i, server] of servers.entries()) {
    if (!ipFamily(server))
      errors.push(invalid(`${here}.nameservers[${i}]`, server, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
  }
  const searches = config.searches ?? [];
  if (searches.length > 32) errors.push(invalid(`${here}.searches`, searches, 'must not have more than 32 search paths'));
  if (searches.join(' ').length > 2048) {
    errors.push(invalid(`${here}.searches`, searches, 'must not have more than 2048 characters (including spaces) in the search list'));
  }
  for (const [i, search] of searches.entries()) {
    if (search === '.') continue;
    checkFormat(
      dns1123Subdomain,
      search
        .replace(/\.$/, '')
        .replaceAll('_', '-')
        .replace(/(^|\.)-/g, '$1a'),
      `${here}.searches[${i}]`,
      errors,
    );
  }
  for (const [i, option] of (config.options ?? []).entries()) {
    if (!option.name) errors.push(required(`${here}.options[${i}]`, 'must not be empty'));
  }
}

function checkHost(spec: PodSpec, at: string, errors: FieldError[]): void {
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.push(invalid(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  if (spec.hostUsers === false) {
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
      const name = field === 'hostNetwork' ? field : field === 'hostPID' ? 'HostPID' : 'HostIPC';
      if (spec[field]) errors.push(forbiddenField(`${at}.${name}`, 'when `pod.Spec.HostUsers` is false'));
    }
  }
  const context = spec.securityContext;
  if (context?.sysctls) {
    checkHostSysctls(
      context.sysctls,
      { network: spec.hostNetwork === true, ipc: spec.hostIPC === true },
      `${at}.securityContext.sysctls`,
      errors,
    );
  }
  if (spec.os?.name !== undefined && spec.os.name !== 'linux' && spec.os.name !== 'windows') {
    errors.push(spec.os.name === '' ? required(`${at}.os.name`) : notSupported(`${at}.os`, spec.os.name, ['linux', 'windows']));
  }
  if (spec.os?.name === 'linux') {
    forbidWindows(context, `${at}.securityContext`, errors);
    for (const [list, index, container] of allContainers(spec)) {
      forbidWindows(container.securityContext, `${at}.${list}[${index}].securityContext`, errors);
    }
  }
  for (const [i, alias] of (spec.hostAliases ?? []).entries()) {
    if (!ipFamily(alias.ip)) {
      errors.push(invalid(`${at}.hostAliases[${i}].ip`, alias.ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
    }
    for (const [j, name] of (alias.hostnames ?? []).entries()) {
      checkFormat(dns1123Subdomain, name, `${at}.hostAliases[${i}].hostnames[${j}]`, errors);
    }
  }
  if (spec.hostname) checkFormat(dns1123Label, spec.hostname, `${at}.hostname`, errors);
  if (spec.subdomain) checkFormat(dns1123Label, spec.subdomain, `${at}.subdomain`, errors);
  checkHostnameOverride(spec, at, errors);
}

function checkHostnameOverride(spec: PodSpec, at: string, errors: FieldError[]): void {
  const name = spec.hostnameOverride;
  if (name === undefined) return;
  const here = `${at}.hostnameOverride`;
  if (spec.setHostnameAsFQDN) errors.push(forbiddenField(here, 'may not be specified when setHostnameAsFQDN is true'));
  if (spec.hostNetwork) errors.push(forbiddenField(here, 'may not be specified when hostNetwork is true'));
  if (name.length > 64) errors.push({ type: 'Too long', field: here, value: '', detail: 'may not be more than 64 bytes' });
  checkFormat(dns1123Subdomain, name, here, errors);
}

function checkNamed(
  items: readonly { readonly name: string }[] | undefined,
  format: (name: string) => string[],
  at: string,
  errors: FieldError[],
): void {
  const names = new Set<string>();
  for (const [index, { name }] of (items ?? []).entries()) {
    if (name === '') errors.push(required(`${at}[${index}].name`));
    else checkFormat(format, name, `${at}[${index}].name`, errors);
    if (names.has(name)) errors.push(duplicate(`${at}[${index}].name`, name));
    names.add(name);
  }
}

function checkPodResources(spec: PodSpec, at: string, errors: FieldError[]): void {
  checkContainerResources(spec.overhead, `${at}.overhead`, errors);
  const own = spec.resources;
  if (!own) return;
  if (own.claims) errors.push(forbiddenField(`${at}.resources.claims`, 'claims cannot be set for Resources at pod-level'));
  const wanted = containerRequests(spec);
  for (const [name, amount] of Object.entries(own.requests ?? {})) {
    const sum = wanted[name];
    if (sum !== undefined && compareQuantity(sum, amount) > 0) {
      errors.push(
        invalid(`${at}.resources.requests[${name}]`, amount, `must be greater than or equal to aggregate container requests of ${sum}`),
      );
    }
  }
  for (const list of ['requests', 'limits'] as const) {
    for (const name of Object.keys(own[list] ?? {})) {
      if (name !== 'cpu' && name !== 'memory' && !name.startsWith('hugepages-')) {
        errors.push(notSupported(`${at}.resources.${list}[${name}]`, name, ['cpu', 'hugepages-', 'memory']));
      }
    }
  }
  for (const [index, container] of spec.containers.entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const most = own.limits?.[name];
      if (most !== undefined && compareQuantity(limit, most) > 0) {
        const text = `must be less than or equal to pod limits of ${most}`;
        errors.push(invalid(`${at}.resources.containers[${index}][${name}].limits`, limit, text));
      }
    }
  }
}

const maxSeconds = 2147483647;

export const podSpecRules: readonly TypeRules[] = [
  typeRules<PodSpec>(PodSpec, {
    defaults(spec) {
      spec.dnsPolicy ??= 'ClusterFirst';
      spec.restartPolicy ??= 'Always';
      spec.securityContext ??= {};
      spec.terminationGracePeriodSeconds ??= 30;
      spec.schedulerName ??= 'default-scheduler';
      const account = spec.serviceAccountName ?? spec.serviceAccount;
      if (account !== undefined) {
        spec.serviceAccountName = account;
        spec.serviceAccount = account;
      }
    },
    check(spec, at, errors, env) {
      checkHostPorts(spec, env.root === Pod, at, errors);
      checkVolumes(spec.volumes ?? [], `${at}.volumes`, errors);
      checkContainers(spec, at, errors);
      checkInitAndMain(spec, at, errors);
      if (!spec.restartPolicy) errors.push(required(`${at}.restartPolicy`));
      checkDns(spec, at, errors);
      checkHost(spec, at, errors);
      checkLabels(spec.nodeSelector, `${at}.nodeSelector`, errors);
      checkRange(spec.activeDeadlineSeconds, [1, maxSeconds], `${at}.activeDeadlineSeconds`, errors);
      for (const field of ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const) {
        checkSubdomain(spec[field], `${at}.${field}`, errors);
      }
      checkNamed(spec.resourceClaims, dns1123Label, `${at}.resourceClaims`, errors);
      for (const [i, claim] of (spec.resourceClaims ?? []).entries()) {
        const set = present(claim, ['resourceClaimName', 'resourceClaimTemplateName']);
        if (set.length === 0) {
          errors.push(
            invalid(`${at}.resourceClaims[${i}]`, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'),
          );
        } else if (set.length > 1) {
          const text = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
          errors.push(invalid(`${at}.resourceClaims[${i}]`, claim, text));
        }
      }
      const gates = (spec.schedulingGates ?? []).map(({ name }) => name);
      for (const [i, gate] of gates.entries()) {
        checkFormat(qualifiedName, gate, `${at}.schedulingGates[${i}]`, errors);
        if (gates.indexOf(gate) < i) errors.push(duplicate(`${at}.schedulingGates[${i}]`, gate));
      }
      for (const [i, gate] of (spec.readinessGates ?? []).entries()) {
        checkFormat(qualifiedName, gate.conditionType, `${at}.readinessGates[${i}].conditionType`, errors);
      }
      if (spec.topologySpreadConstraints) checkSpreadUnique(spec.topologySpreadConstraints, `${at}.topologySpreadConstraints`, errors);
      checkPodResources(spec, at, errors);
    },
  }),
  typeRules<PodTemplateSpec>(PodTemplateSpec, {
    check(template, at, errors) {
      checkLabels(template.metadata?.labels, `${at}.labels`, errors);
      checkAnnotations(template.metadata?.annotations, `${at}.annotations`, errors);
      if (template.spec?.ephemeralContainers?.length) {
        errors.push(forbiddenField(`${at}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
      }
    },
  }),
  typeRules<ObjectFieldSelector>(ObjectFieldSelector, {
    defaults(selector) {
      selector.apiVersion ??= 'v1';
    },
  }),
];
