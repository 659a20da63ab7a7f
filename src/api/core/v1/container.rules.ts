// Defaults and validation of containers; what needs the whole pod is in podspec.rules.ts.
import { absentOr, checkFormat, checkSubdomain, present } from '#api/checks.ts';
import { duplicate, type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { configKey, dns1123Label, dns1123Subdomain, envName, portName, portNumber } from '#api/formats.ts';
import { type Mutable, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { Container, ContainerPort, EnvFromSource, EnvVar, EnvVarSource, EphemeralContainer, type VolumeMount } from './container.ts';
import { checkFieldRef, checkResourceFieldRef, envFields } from './fieldref.rules.ts';
import { imageTag } from './imagename.ts';
import { ConfigMapKeySelector, FileKeySelector, SecretKeySelector } from './reference.ts';

type AnyContainer = Container | EphemeralContainer;

function setDefaults(container: Mutable<AnyContainer>): void {
  container.imagePullPolicy ??= imageTag(container.image ?? '') === 'latest' ? 'Always' : 'IfNotPresent';
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
}

/** True for relative paths that stay below their root. */
export function checkLocalPath(path: string, at: string, errors: FieldError[]): void {
  if (path.startsWith('/')) errors.push(invalid(at, path, 'must be a relative path'));
  if (path.split('/').includes('..')) errors.push(invalid(at, path, "must not contain '..'"));
}

function checkMount(mount: VolumeMount, container: AnyContainer, at: string, errors: FieldError[]): void {
  if (mount.subPath) checkLocalPath(mount.subPath, `${at}.subPath`, errors);
  if (mount.subPathExpr) {
    if (mount.subPath) errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
    checkLocalPath(mount.subPathExpr, `${at}.subPathExpr`, errors);
  }
  const propagation = mount.mountPropagation;
  if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
    const text = 'Bidirectional mount propagation is available only to privileged containers';
    errors.push(forbiddenField(`${at}.mountPropagation`, text));
  }
  checkRecursiveReadOnly(mount, at, errors);
}

function checkRecursiveReadOnly(mount: VolumeMount, at: string, errors: FieldError[]): void {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === 'Disabled') return;
  const here = `${at}.recursiveReadOnly`;
  if (mode !== 'IfPossible' && mode !== 'Enabled') {
    errors.push(notSupported(here, mode, ['Disabled', 'IfPossible', 'Enabled']));
    return;
  }
  if (!mount.readOnly) errors.push(forbiddenField(here, 'may only be specified when readOnly is true'));
  if (mount.mountPropagation && mount.mountPropagation !== 'None') {
    errors.push(forbiddenField(here, 'may only be specified when mountPropagation is None or not specified'));
  }
}

/** Checks what main, init and ephemeral containers have in common. */
function checkCommon(container: AnyContainer, at: string, errors: FieldError[]): void {
  if (container.name === '') errors.push(required(`${at}.name`));
  else checkFormat(dns1123Label, container.name, `${at}.name`, errors);
  const image = container.image ?? '';
  if (image === '') errors.push(required(`${at}.image`));
  const mountPaths = new Set<string>();
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const here = `${at}.volumeMounts[${index}]`;
    if (mount.name === '') errors.push(required(`${here}.name`));
    if (mount.mountPath === '') errors.push(required(`${here}.mountPath`));
    // Kubernetes reports what follows at the list, not at the item.
    checkMount(mount, container, `${at}.volumeMounts`, errors);
    if (mountPaths.has(mount.mountPath)) errors.push(invalid(`${here}.mountPath`, mount.mountPath, 'must be unique'));
    mountPaths.add(mount.mountPath);
  }
  checkDevices(container, mountPaths, at, errors);
}

function checkDevices(container: AnyContainer, mountPaths: ReadonlySet<string>, at: string, errors: FieldError[]): void {
  const paths = new Set<string>();
  for (const [index, device] of (container.volumeDevices ?? []).entries()) {
    const here = `${at}.volumeDevices[${index}]`;
    if (device.name === '') errors.push(required(`${here}.name`));
    if (device.devicePath === '') errors.push(required(`${here}.devicePath`));
    else if (device.devicePath.split('/').includes('..')) {
      errors.push(invalid(`${here}.devicePath`, device.devicePath, "can not contain backsteps ('..')"));
    }
    if (paths.has(device.devicePath)) errors.push(invalid(`${here}.devicePath`, device.devicePath, 'must be unique'));
    if (mountPaths.has(device.devicePath)) {
      errors.push(invalid(`${here}.devicePath`, device.devicePath, 'must not already exist as a path in volumeMounts'));
    }
    paths.add(device.devicePath);
  }
}

function checkPorts(ports: readonly ContainerPort[], at: string, errors: FieldError[]): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const here = `${at}[${index}]`;
    const name = absentOr(port.name);
    if (name !== undefined) {
      const texts = portName(name);
      for (const text of texts) errors.push(invalid(`${here}.name`, name, text));
      if (texts.length === 0 && names.has(name)) errors.push(duplicate(`${here}.name`, name));
      names.add(name);
    }
    if (port.containerPort === 0) errors.push(required(`${here}.containerPort`));
    else for (const text of portNumber(port.containerPort)) errors.push(invalid(`${here}.containerPort`, port.containerPort, text));
    if (port.hostPort) for (const text of portNumber(port.hostPort)) errors.push(invalid(`${here}.hostPort`, port.hostPort, text));
  }
}

const envSources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;
const ephemeralForbidden = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
] as const;

function checkKeySelector(ref: { readonly key: string; readonly name?: string }, at: string, errors: FieldError[]): void {
  checkFormat(dns1123Subdomain, ref.name ?? '', `${at}.name`, errors);
  if (ref.key === '') errors.push(required(`${at}.key`));
  else checkFormat(configKey, ref.key, `${at}.key`, errors);
}

export const containerRules: readonly TypeRules[] = [
  typeRules<Container>(Container, {
    defaults: setDefaults,
    check(container, at, errors) {
      checkCommon(container, at, errors);
      if (container.ports) checkPorts(container.ports, `${at}.ports`, errors);
      if ((container.restartPolicyRules?.length ?? 0) > 20) {
        errors.push(invalid(`${at}.restartPolicyRules`, container.restartPolicyRules?.length, 'must have at most 20 items'));
      }
      for (const [index, rule] of (container.restartPolicyRules ?? []).entries()) {
        const here = `${at}.restartPolicyRules[${index}]`;
        if (container.restartPolicy === undefined)
          errors.push(required(`${at}.restartPolicy`, 'must specify restartPolicy when restart rules are used'));
        if (rule.action !== 'Restart') errors.push(notSupported(`${here}.action`, rule.action, ['Restart']));
        if (!rule.exitCodes) errors.push(required(`${here}.exitCodes`, 'must be specified'));
        else if (rule.exitCodes.operator !== 'In' && rule.exitCodes.operator !== 'NotIn') {
          errors.push(notSupported(`${here}.exitCodes.operator`, rule.exitCodes.operator, ['In', 'NotIn']));
        }
      }
    },
  }),
  typeRules<EphemeralContainer>(EphemeralContainer, {
    defaults: setDefaults,
    check(container, at, errors) {
      checkCommon(container, at, errors);
      for (const field of present(container, ephemeralForbidden)) {
        errors.push(forbiddenField(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
      }
      if (container.resources?.limits || container.resources?.requests || container.resources?.claims) {
        errors.push(forbiddenField(`${at}.resources`, 'cannot be set for an Ephemeral Container'));
      }
      for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
        const here = `${at}.volumeMounts[${index}]`;
        if (mount.subPath) errors.push(forbiddenField(`${here}.subPath`, 'cannot be set for an Ephemeral Container'));
        if (mount.subPathExpr) errors.push(forbiddenField(`${here}.subPathExpr`, 'cannot be set for an Ephemeral Container'));
      }
    },
  }),
  typeRules<EnvVar>(EnvVar, {
    check(variable, at, errors) {
      if (variable.name === '') errors.push(required(`${at}.name`));
      else checkFormat(envName, variable.name, `${at}.name`, errors);
      if (variable.valueFrom && variable.value) {
        errors.push(invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'));
      }
    },
  }),
  typeRules<EnvVarSource>(EnvVarSource, {
    check(source, at, errors) {
      const set = present(source, envSources);
      if (set.length === 0) {
        const text = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
        errors.push(invalid(at, '', text));
      } else if (set.length > 1) errors.push(invalid(at, '', 'may not have more than one field specified at a time'));
      if (source.fieldRef) checkFieldRef(source.fieldRef, envFields, `${at}.fieldRef`, errors);
      if (source.resourceFieldRef) checkResourceFieldRef(source.resourceFieldRef, false, `${at}.resourceFieldRef`, errors);
    },
  }),
  typeRules<ConfigMapKeySelector>(ConfigMapKeySelector, { check: checkKeySelector }),
  typeRules<SecretKeySelector>(SecretKeySelector, { check: checkKeySelector }),
  typeRules<FileKeySelector>(FileKeySelector, {
    check(ref, at, errors) {
      if (ref.key === '') errors.push(required(`${at}.key`));
      else checkFormat(envName, ref.key, `${at}.key`, errors);
      if (ref.volumeName === '') errors.push(required(`${at}.volumeName`));
      if (ref.path === '') errors.push(required(`${at}.path`));
      else checkLocalPath(ref.path, `${at}.path`, errors);
    },
  }),
  typeRules<EnvFromSource>(EnvFromSource, {
    check(source, at, errors) {
      if (source.prefix) checkFormat(envName, source.prefix, `${at}.prefix`, errors);
      const set = present(source, ['configMapRef', 'secretRef']);
      const list = at.replace(/\[\d+\]$/, '');
      if (set.length === 0) errors.push(invalid(list, '', 'must specify one of: `configMapRef` or `secretRef`'));
      else if (set.length > 1) errors.push(invalid(list, '', 'may not have more than one field specified at a time'));
      for (const [field, ref] of [['configMapRef', source.configMapRef] as const, ['secretRef', source.secretRef] as const]) {
        if (!ref) continue;
        if (!ref.name) errors.push(required(`${at}.${field}.name`));
        else checkSubdomain(ref.name, `${at}.${field}.name`, errors);
      }
    },
  }),
];

/** Checks a file mode of a projected file. */
export function checkMode(mode: number | undefined, at: string, errors: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) {
    errors.push(invalid(at, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
  }
}
