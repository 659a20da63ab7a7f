// The checks that the level "restricted" adds to "baseline", in the order in which Kubernetes reports them.
import { procMount, seccompProfile } from './baseline.ts';
import {
  type Check,
  containersNamed,
  type Finding,
  inUserNamespace,
  isWindows,
  namesOf,
  plural,
  quoted,
  setters,
  sorted,
  type Subject,
} from './check.ts';

function allowPrivilegeEscalation({ containers }: Subject): Finding | undefined {
  const bad = namesOf(containers.filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false));
  if (bad.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersNamed(bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

function capabilities({ containers }: Subject): Finding | undefined {
  const keeping = namesOf(containers.filter(({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL')));
  const forbidden = (added: readonly string[] | undefined): string[] => (added ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const adding = containers.filter(({ securityContext }) => forbidden(securityContext?.capabilities?.add).length > 0);
  const added = sorted(adding.flatMap(({ securityContext }) => forbidden(securityContext?.capabilities?.add)));
  const details = [
    ...(keeping.length > 0 ? [`${containersNamed(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${containersNamed(namesOf(adding))} must not include ${quoted(added)} in securityContext.capabilities.add`]
      : []),
  ];
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
}

const allowedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

function volumes({ spec }: Subject): Finding | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !allowedVolumes.some((type) => volume[type as keyof typeof volume] !== undefined));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((volume) => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'));
  const what = plural('restricted volume type', 'restricted volume types', types.length);
  const who = `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map(({ name }) => name))}`;
  return { reason: 'restricted volume types', detail: `${who} ${plural('uses', 'use', bad.length)} ${what} ${quoted(types)}` };
}

function runAsNonRoot(subject: Subject): Finding | undefined {
  if (inUserNamespace(subject)) return undefined;
  const { spec, containers } = subject;
  const reason = 'runAsNonRoot != true';
  const pod = spec.securityContext?.runAsNonRoot;
  const who = setters(pod === false, namesOf(containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === false)));
  if (who.length > 0) return { reason, detail: `${who.join(' and ')} must not set securityContext.runAsNonRoot=false` };
  const silent = pod === true ? [] : namesOf(containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === undefined));
  if (silent.length === 0) return undefined;
  return { reason, detail: `pod or ${containersNamed(silent)} must set securityContext.runAsNonRoot=true` };
}

function runAsUser(subject: Subject): Finding | undefined {
  if (inUserNamespace(subject)) return undefined;
  const { spec, containers } = subject;
  const who = setters(
    spec.securityContext?.runAsUser === 0,
    namesOf(containers.filter(({ securityContext }) => securityContext?.runAsUser === 0)),
  );
  return who.length > 0 ? { reason: 'runAsUser=0', detail: `${who.join(' and ')} must not set runAsUser=0` } : undefined;
}

function seccomp(subject: Subject): Finding | undefined {
  const wrong = seccompProfile(subject);
  if (wrong || subject.spec.securityContext?.seccompProfile) return wrong;
  const silent = namesOf(subject.containers.filter(({ securityContext }) => !securityContext?.seccompProfile));
  if (silent.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${containersNamed(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}

type Run = (subject: Subject) => Finding | undefined;
/** Linux' own: Windows pods cannot follow them. */
const linux =
  (run: Run): Run =>
  (subject) =>
    isWindows(subject) ? undefined : run(subject);

export const restrictedChecks: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    versions: [
      { from: 8, run: allowPrivilegeEscalation },
      { from: 25, run: linux(allowPrivilegeEscalation) },
    ],
  },
  {
    id: 'capabilities_restricted',
    versions: [
      { from: 22, run: capabilities, overrides: ['capabilities_baseline'] },
      { from: 25, run: linux(capabilities), overrides: ['capabilities_baseline'] },
    ],
  },
  { id: 'procMount_restricted', versions: [{ from: 35, run: procMount, overrides: ['procMount'] }] },
  { id: 'restrictedVolumes', versions: [{ from: 0, run: volumes, overrides: ['hostPathVolumes'] }] },
  { id: 'runAsNonRoot', versions: [{ from: 0, run: runAsNonRoot }] },
  { id: 'runAsUser', versions: [{ from: 23, run: runAsUser }] },
  {
    id: 'seccompProfile_restricted',
    versions: [
      { from: 19, run: seccomp, overrides: ['seccompProfile_baseline'] },
      { from: 25, run: linux(seccomp), overrides: ['seccompProfile_baseline'] },
    ],
  },
];
