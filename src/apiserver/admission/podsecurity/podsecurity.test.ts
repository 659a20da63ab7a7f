import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PodSpec } from '#api/core/v1/podspec.ts';
import { fieldErrorText } from '#api/fielderror.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { evaluate, findingsText, reasonsText } from './evaluate.ts';
import { parsePodSecurity } from './config.ts';
import { isSignificant } from './plugin.ts';
import { type Level, levelText, parseVersion, policyOf } from './policy.ts';

const good = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
/** A pod that "restricted" takes, with changes to its container "a" and to its spec. */
const pod = (container: object = {}, spec: object = {}): PodSpec =>
  ({ containers: [{ name: 'a', image: 'i', securityContext: good, ...container }], ...spec }) as unknown as PodSpec;
const secured = (context: object, spec: object = {}): PodSpec => pod({ securityContext: { ...good, ...context } }, spec);
const bare = (context: object): object => ({ name: 'b', image: 'i', securityContext: context });
const two = (context: object): PodSpec =>
  ({
    containers: [{ name: 'a', securityContext: context }, bare(context)],
    initContainers: [{ ...bare(context), name: 'init' }],
  }) as unknown as PodSpec;

type Row = readonly [string, PodSpec, level: Level, minor: number | undefined, text: string, annotations?: Record<string, string>];

const rows: readonly Row[] = [
  ['a good pod', pod(), 'restricted', undefined, ''],
  ['anything', two({ privileged: true }), 'privileged', undefined, ''],
  ['a plain pod under baseline', pod({ securityContext: undefined }), 'baseline', undefined, ''],
  [
    'a plain pod under restricted',
    pod({ securityContext: undefined }),
    'restricted',
    undefined,
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  [
    'a plain pod under an old restricted',
    pod({ securityContext: undefined }),
    'restricted',
    7,
    'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
  ],
  [
    'a plain Windows pod',
    pod({ securityContext: undefined }, { os: { name: 'windows' } }),
    'restricted',
    25,
    'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
  ],
  [
    'several privileged',
    two({ privileged: true }),
    'baseline',
    undefined,
    'privileged (containers "init", "a", "b" must not set securityContext.privileged=true)',
  ],
  [
    'host namespaces',
    pod({}, { hostNetwork: true, hostPID: true, hostIPC: true }),
    'baseline',
    undefined,
    'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
  ],
  ['hostPath', pod({}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }), 'baseline', undefined, 'hostPath volumes (volume "v")'],
  [
    'hostPath and NFS',
    pod(
      {},
      {
        volumes: [
          { name: 'v', hostPath: { path: '/' } },
          { name: 'n', nfs: { server: 's', path: '/' } },
          { name: 'e', emptyDir: {} },
        ],
      },
    ),
    'restricted',
    undefined,
    'restricted volume types (volumes "v", "n" use restricted volume types "hostPath", "nfs")',
  ],
  [
    'hostPort',
    pod({ ports: [{ containerPort: 1, hostPort: 80 }, { containerPort: 2 }] }),
    'baseline',
    undefined,
    'hostPort (container "a" uses hostPort 80)',
  ],
  [
    'a capability',
    secured({ capabilities: { add: ['NET_ADMIN', 'CHOWN'] } }),
    'baseline',
    undefined,
    'non-default capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    'a capability under restricted',
    secured({ capabilities: { add: ['NET_ADMIN', 'CHOWN', 'NET_BIND_SERVICE'] } }),
    'restricted',
    undefined,
    'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]; container "a" must not include "CHOWN", "NET_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    'a capability under an old restricted',
    secured({ capabilities: { add: ['NET_ADMIN'] } }),
    'restricted',
    21,
    'non-default capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    'procMount',
    secured({ procMount: 'Unmasked' }),
    'baseline',
    undefined,
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  ['procMount in a user namespace', secured({ procMount: 'Unmasked' }, { hostUsers: false }), 'baseline', 35, ''],
  [
    'procMount in a user namespace before',
    secured({ procMount: 'Unmasked' }, { hostUsers: false }),
    'baseline',
    34,
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'procMount in a user namespace, restricted',
    secured({ procMount: 'Unmasked' }, { hostUsers: false }),
    'restricted',
    35,
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'SELinux',
    secured({ seLinuxOptions: { type: 'spc_t', role: 'r' } }, { securityContext: { seLinuxOptions: { user: 'u', type: 'bad_t' } } }),
    'baseline',
    undefined,
    'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: types "bad_t", "spc_t"; user may not be set; role may not be set)',
  ],
  ['an SELinux type', secured({ seLinuxOptions: { type: 'container_engine_t' } }), 'baseline', 31, ''],
  [
    'an SELinux type before its time',
    secured({ seLinuxOptions: { type: 'container_engine_t' } }),
    'baseline',
    30,
    'seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
  ],
  [
    'seccomp',
    secured({ seccompProfile: { type: 'Unconfined' } }),
    'baseline',
    undefined,
    'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'seccomp by annotation',
    pod(),
    'baseline',
    18,
    'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' },
  ],
  ['seccomp by annotation, no longer', pod(), 'baseline', 19, '', { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }],
  [
    'seccomp of the pod',
    pod({ securityContext: { ...good, seccompProfile: undefined } }, { securityContext: { seccompProfile: { type: 'Localhost' } } }),
    'restricted',
    undefined,
    '',
  ],
  [
    'sysctls',
    pod(
      {},
      {
        securityContext: {
          sysctls: [
            { name: 'kernel.msgmax', value: '1' },
            { name: 'net.ipv4.tcp_rmem', value: '1' },
          ],
        },
      },
    ),
    'baseline',
    31,
    'forbidden sysctls (kernel.msgmax, net.ipv4.tcp_rmem)',
  ],
  [
    'a sysctl',
    pod(
      {},
      {
        securityContext: {
          sysctls: [
            { name: 'kernel.msgmax', value: '1' },
            { name: 'net.ipv4.tcp_rmem', value: '1' },
          ],
        },
      },
    ),
    'baseline',
    32,
    'forbidden sysctl (kernel.msgmax)',
  ],
  [
    'AppArmor',
    secured({ appArmorProfile: { type: 'Unconfined' } }),
    'baseline',
    undefined,
    'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
  ],
  [
    'AppArmor by annotation',
    pod(),
    'baseline',
    undefined,
    'forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a=\\"unconfined\\"")',
    { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' },
  ],
  [
    'host processes of Windows',
    pod({}, { securityContext: { windowsOptions: { hostProcess: true } } }),
    'baseline',
    undefined,
    'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
  ],
  [
    'probes elsewhere',
    pod({ livenessProbe: { httpGet: { port: 1, host: '8.8.8.8' } } }),
    'baseline',
    34,
    'probe or lifecycle host (container "a" uses probe or lifecycle host "8.8.8.8")',
  ],
  ['probes elsewhere, before', pod({ livenessProbe: { httpGet: { port: 1, host: '8.8.8.8' } } }), 'baseline', 33, ''],
  [
    'root by name',
    secured({ runAsNonRoot: false }, { securityContext: { runAsNonRoot: false } }),
    'restricted',
    undefined,
    'runAsNonRoot != true (pod and container "a" must not set securityContext.runAsNonRoot=false)',
  ],
  ['root by number', secured({ runAsUser: 0 }), 'restricted', undefined, 'runAsUser=0 (container "a" must not set runAsUser=0)'],
  ['root by number, before', secured({ runAsUser: 0 }), 'restricted', 22, ''],
  ['root in a user namespace', secured({ runAsUser: 0, runAsNonRoot: false }, { hostUsers: false }), 'restricted', undefined, ''],
];

describe('Pod Security Standards', () => {
  for (const [what, spec, level, minor, text, annotations] of rows) {
    const version = minor === undefined ? { level } : { level, minor };
    it(`${levelText(version)}: ${what}`, () => assert.equal(findingsText(evaluate(version, annotations, spec)), text));
  }
  it('reasons alone', () => {
    assert.equal(
      reasonsText(evaluate({ level: 'baseline' }, {}, pod({}, { hostPID: true, volumes: [{ name: 'v', hostPath: {} }] }))),
      'host namespaces, hostPath volumes',
    );
  });
});

describe('the configuration', () => {
  const file = (configuration: object) => ({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [{ name: 'PodSecurity', configuration: { kind: 'PodSecurityConfiguration', ...configuration } }],
  });
  it('has defaults and exemptions', () => {
    const { defaults, exempt } = parsePodSecurity(
      file({
        defaults: { enforce: 'baseline', 'enforce-version': 'v1.30', warn: 'restricted' },
        exemptions: { namespaces: ['kube-system'] },
      }),
    );
    assert.deepEqual(defaults, {
      enforce: { level: 'baseline', minor: 30 },
      audit: { level: 'privileged' },
      warn: { level: 'restricted' },
    });
    assert.deepEqual(exempt, { namespaces: ['kube-system'], usernames: [], runtimeClasses: [] });
  });
  it('names mistakes', () => {
    assert.throws(() => parsePodSecurity(file({ defaults: { enforce: 'tight' } })), /defaults\.enforce: must be one of/);
    assert.throws(() => parsePodSecurity(file({ exemptions: { usernames: 'me' } })), /exemptions\.usernames: must be a list/);
    assert.throws(
      () => parsePodSecurity({ kind: 'AdmissionConfiguration', plugins: [{ name: 'Other' }] }),
      /"Other" takes no configuration/,
    );
  });
});

describe('policies of namespaces', () => {
  const label = (mode: string, value: string) => ({ [`pod-security.kubernetes.io/${mode}`]: value });
  it('are permissive without labels', () => assert.deepEqual(policyOf(undefined).policy.enforce, { level: 'privileged' }));
  it('warn of what is enforced unless told otherwise', () => {
    assert.deepEqual(policyOf(label('enforce', 'baseline')).policy.warn, { level: 'baseline' });
    const both = { ...label('enforce', 'restricted'), ...label('enforce-version', 'v1.20'), ...label('warn', 'privileged') };
    assert.deepEqual(policyOf(both).policy, {
      enforce: { level: 'restricted', minor: 20 },
      audit: { level: 'privileged' },
      warn: { level: 'privileged' },
    });
  });
  it('fail safe', () => {
    const { policy, errors } = policyOf({ ...label('enforce', 'strict'), ...label('warn-version', 'v2.0'), ...label('audit', 'x') });
    assert.equal(policy.enforce.level, 'restricted');
    assert.equal(policy.audit.level, 'privileged');
    assert.deepEqual(errors.map(fieldErrorText), [
      'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted',
      'metadata.labels[pod-security.kubernetes.io/audit]: Invalid value: "x": must be one of privileged, baseline, restricted',
      'metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "v2.0": must be "latest" or "v1.x"',
    ]);
  });
  it('read versions', () => {
    assert.deepEqual(['latest', 'v1.0', 'v1.35', 'v1.01', '1.2', 'v1.'].map(parseVersion), [
      {},
      { minor: 0 },
      { minor: 35 },
      undefined,
      undefined,
      undefined,
    ]);
  });
  it('tell updates that matter', () => {
    const of = (spec: object, annotations = {}): Pod =>
      ({ metadata: { name: 'p', annotations }, spec: { ...pod(), ...spec } }) as unknown as Pod;
    assert.equal(isSignificant(of({}), of({ activeDeadlineSeconds: 5 })), false);
    assert.equal(isSignificant(of({}), of({ ephemeralContainers: [{ name: 'e', image: 'i' }] })), true);
    assert.equal(isSignificant(of({}), of({ containers: [{ name: 'a', image: 'j' }] })), true);
  });
});
