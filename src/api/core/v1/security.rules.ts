// Validation of security contexts.
import { duplicate, type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { between } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { AppArmorProfile, PodSecurityContext, SeccompProfile, SecurityContext, type Sysctl } from './security.ts';

const maxId = 2147483647;

function checkId(id: number | undefined, at: string, errors: FieldError[]): void {
  if (id !== undefined && (id < 0 || id > maxId)) errors.push(invalid(at, id, between(0, maxId)));
}

function checkProfile(profile: { readonly type: string; readonly localhostProfile?: string }, at: string, errors: FieldError[]): void {
  const here = `${at}.localhostProfile`;
  if (profile.type === '') errors.push(required(`${at}.type`, 'type is required when seccompProfile is set'));
  if (profile.type === 'Localhost') {
    if (profile.localhostProfile === undefined) errors.push(required(here, 'must be set when seccomp type is Localhost'));
    else if (profile.localhostProfile.startsWith('/')) errors.push(invalid(here, profile.localhostProfile, 'must be a relative path'));
    else if (profile.localhostProfile.split('/').includes('..')) {
      errors.push(invalid(here, profile.localhostProfile, "must not contain '..'"));
    }
  } else if (profile.localhostProfile !== undefined) {
    errors.push(invalid(here, profile.localhostProfile, 'can only be set when seccomp type is Localhost'));
  }
}

const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlName = new RegExp(`^(${sysctlSegment}[\\./])*${sysctlSegment}$`);

function checkSysctls(sysctls: readonly Sysctl[], at: string, errors: FieldError[]): void {
  const names = new Set<string>();
  for (const [index, { name }] of sysctls.entries()) {
    const here = `${at}[${index}].name`;
    if (name === '') errors.push(required(here));
    else if (name.length > 253 || !sysctlName.test(name)) {
      errors.push(invalid(here, name, `must have at most 253 characters and match regex ^(${sysctlSegment}[\\./])*${sysctlSegment}$`));
    } else if (names.has(name)) errors.push(duplicate(here, name));
    names.add(name);
  }
}

export const securityRules: readonly TypeRules[] = [
  typeRules<SeccompProfile>(SeccompProfile, { check: checkProfile }),
  typeRules<AppArmorProfile>(AppArmorProfile, {
    check(profile, at, errors) {
      const here = `${at}.localhostProfile`;
      if ((profile.type as string) === '') errors.push(required(`${at}.type`, 'type is required when appArmorProfile is set'));
      if (profile.type === 'Localhost') {
        if (profile.localhostProfile === undefined) {
          errors.push(required(here, 'must be set when AppArmor type is Localhost'));
          return;
        }
        const text = profile.localhostProfile.trim();
        if (text !== profile.localhostProfile) errors.push(invalid(here, profile.localhostProfile, 'must not be padded with whitespace'));
        else if (text === '') errors.push(required(here, 'must be set when AppArmor type is Localhost'));
        if (text.length > 4095) errors.push({ type: 'Too long', field: here, value: '', detail: 'may not be more than 4095 bytes' });
      } else if (profile.localhostProfile !== undefined) {
        errors.push(invalid(here, profile.localhostProfile, 'can only be set when AppArmor type is Localhost'));
      }
    },
  }),
  typeRules<SecurityContext>(SecurityContext, {
    check(context, at, errors) {
      checkId(context.runAsUser, `${at}.runAsUser`, errors);
      checkId(context.runAsGroup, `${at}.runAsGroup`, errors);
      if (context.allowPrivilegeEscalation === false) {
        if (context.privileged) {
          errors.push(invalid(at, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
        }
        if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
          const text = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
          errors.push(invalid(at, context, text));
        }
      }
    },
  }),
  typeRules<PodSecurityContext>(PodSecurityContext, {
    check(context, at, errors) {
      checkId(context.fsGroup, `${at}.fsGroup`, errors);
      checkId(context.runAsUser, `${at}.runAsUser`, errors);
      checkId(context.runAsGroup, `${at}.runAsGroup`, errors);
      for (const [index, group] of (context.supplementalGroups ?? []).entries()) {
        checkId(group, `${at}.supplementalGroups[${index}]`, errors);
      }
      if (context.sysctls) checkSysctls(context.sysctls, `${at}.sysctls`, errors);
      const change = context.seLinuxChangePolicy;
      if (change !== undefined && change !== 'Recursive' && change !== 'MountOption') {
        errors.push(notSupported(`${at}.seLinuxChangePolicy`, change, ['MountOption', 'Recursive']));
      }
    },
  }),
];

/** Sysctls of namespaces that the pod shares with the node may not be set. */
export function checkHostSysctls(
  sysctls: readonly Sysctl[],
  host: { readonly network: boolean; readonly ipc: boolean },
  at: string,
  errors: FieldError[],
): void {
  const isIpc = /^(kernel\.shm|kernel\.msg|kernel\.sem|fs\.mqueue\.)/;
  for (const [index, { name }] of sysctls.entries()) {
    const dotted = name.replaceAll('/', '.');
    if (host.network && dotted.startsWith('net.')) {
      errors.push(invalid(`${at}[${index}].name`, name, "may not be specified when 'hostNetwork' is true"));
    }
    if (host.ipc && isIpc.test(dotted)) errors.push(invalid(`${at}[${index}].name`, name, "may not be specified when 'hostIPC' is true"));
  }
}

/** Windows options make no sense on Linux. */
export function forbidWindows(context: { readonly windowsOptions?: object } | undefined, at: string, errors: FieldError[]): void {
  if (context?.windowsOptions) {
    errors.push(forbiddenField(`${at}.windowsOptions`, 'windows options cannot be set for a linux pod'));
  }
}
