import { bool, type Infer, int64, list, of, oneOf, opt, req, string, struct } from '#api/dsl.ts';

export const AppArmorProfile = struct(
  'core.v1.AppArmorProfile',
  {
    localhostProfile: opt(2, string, { ptr: true }),
    type: req(1, oneOf('Localhost', 'RuntimeDefault', 'Unconfined'), { emit: true }),
  },
  { union: { discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } } },
);
export interface AppArmorProfile extends Infer<typeof AppArmorProfile> {}

export const Capabilities = struct('core.v1.Capabilities', {
  add: opt(1, list(string, 'atomic')),
  drop: opt(2, list(string, 'atomic')),
});
export interface Capabilities extends Infer<typeof Capabilities> {}

export const SELinuxOptions = struct('core.v1.SELinuxOptions', {
  level: opt(4, string),
  role: opt(2, string),
  type: opt(3, string),
  user: opt(1, string),
});
export interface SELinuxOptions extends Infer<typeof SELinuxOptions> {}

export const SeccompProfile = struct(
  'core.v1.SeccompProfile',
  {
    localhostProfile: opt(2, string, { ptr: true }),
    type: req(1, oneOf('Localhost', 'RuntimeDefault', 'Unconfined'), { emit: true }),
  },
  { union: { discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } } },
);
export interface SeccompProfile extends Infer<typeof SeccompProfile> {}

export const Sysctl = struct('core.v1.Sysctl', {
  name: req(1, string, { emit: true }),
  value: req(2, string, { emit: true }),
});
export interface Sysctl extends Infer<typeof Sysctl> {}

export const WindowsSecurityContextOptions = struct('core.v1.WindowsSecurityContextOptions', {
  gmsaCredentialSpec: opt(2, string, { ptr: true }),
  gmsaCredentialSpecName: opt(1, string, { ptr: true }),
  hostProcess: opt(4, bool, { ptr: true }),
  runAsUserName: opt(3, string, { ptr: true }),
});
export interface WindowsSecurityContextOptions extends Infer<typeof WindowsSecurityContextOptions> {}

export const PodSecurityContext = struct('core.v1.PodSecurityContext', {
  appArmorProfile: opt(
    11,
    of<AppArmorProfile>(() => AppArmorProfile),
  ),
  fsGroup: opt(5, int64, { ptr: true }),
  fsGroupChangePolicy: opt(9, oneOf('Always', 'OnRootMismatch'), { ptr: true }),
  runAsGroup: opt(6, int64, { ptr: true }),
  runAsNonRoot: opt(3, bool, { ptr: true }),
  runAsUser: opt(2, int64, { ptr: true }),
  seLinuxChangePolicy: opt(13, string, { ptr: true }),
  seLinuxOptions: opt(
    1,
    of<SELinuxOptions>(() => SELinuxOptions),
  ),
  seccompProfile: opt(
    10,
    of<SeccompProfile>(() => SeccompProfile),
  ),
  supplementalGroups: opt(4, list(int64, 'atomic')),
  supplementalGroupsPolicy: opt(12, oneOf('Merge', 'Strict'), { ptr: true }),
  sysctls: opt(
    7,
    list(
      of<Sysctl>(() => Sysctl),
      'atomic',
    ),
  ),
  windowsOptions: opt(
    8,
    of<WindowsSecurityContextOptions>(() => WindowsSecurityContextOptions),
  ),
});
export interface PodSecurityContext extends Infer<typeof PodSecurityContext> {}

export const SecurityContext = struct('core.v1.SecurityContext', {
  allowPrivilegeEscalation: opt(7, bool, { ptr: true }),
  appArmorProfile: opt(
    12,
    of<AppArmorProfile>(() => AppArmorProfile),
  ),
  capabilities: opt(
    1,
    of<Capabilities>(() => Capabilities),
  ),
  privileged: opt(2, bool, { ptr: true }),
  procMount: opt(9, oneOf('Default', 'Unmasked'), { ptr: true }),
  readOnlyRootFilesystem: opt(6, bool, { ptr: true }),
  runAsGroup: opt(8, int64, { ptr: true }),
  runAsNonRoot: opt(5, bool, { ptr: true }),
  runAsUser: opt(4, int64, { ptr: true }),
  seLinuxOptions: opt(
    3,
    of<SELinuxOptions>(() => SELinuxOptions),
  ),
  seccompProfile: opt(
    11,
    of<SeccompProfile>(() => SeccompProfile),
  ),
  windowsOptions: opt(
    10,
    of<WindowsSecurityContextOptions>(() => WindowsSecurityContextOptions),
  ),
});
export interface SecurityContext extends Infer<typeof SecurityContext> {}
