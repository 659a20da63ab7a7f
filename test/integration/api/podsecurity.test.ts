// PodSecurity at work: enforced on pods, warned about templates, noted for the audit log, told when a namespace tightens.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Namespaces, Pods, ServiceAccounts } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { startHttpsApi, type HttpsApi } from '../../support/https.ts';
import { type Kubectl, kubectlFor } from '../../support/kubectl.ts';

let https: HttpsApi;
let client: Client;
let k: Kubectl;
before(async () => {
  https = await startHttpsApi();
  ({ client } = https.api);
  k = kubectlFor(https.kubeconfig);
});
after(() => https[Symbol.asyncDispose]());

const label = (mode: string, value: string) => ({ [`pod-security.kubernetes.io/${mode}`]: value });
async function namespace(name: string, labels: Record<string, string> = {}): Promise<void> {
  await client.resource(Namespaces).create({ metadata: { name, labels } });
  await client.resource(ServiceAccounts).create({ metadata: { name: 'default', namespace: name } });
}
const container = (securityContext?: object) => ({ name: 'c', image: 'busybox', ...(securityContext ? { securityContext } : {}) });
const plain =
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';
const podText = (name: string, securityContext?: object): string =>
  JSON.stringify({ kind: 'Pod', apiVersion: 'v1', metadata: { name }, spec: { containers: [container(securityContext)] } });

describe('PodSecurity', () => {
  it('refuses pods and warns about templates where a level is enforced', async () => {
    await namespace('strict', label('enforce', 'restricted'));
    const pod = await k.with({ input: podText('p') })('create', '-n', 'strict', '-f', '-');
    assert.equal(
      pod.stderr.trim(),
      `Error from server (Forbidden): error when creating "STDIN": pods "p" is forbidden: violates PodSecurity "restricted:latest": ${plain}`,
    );
    const deployment = await k('create', 'deployment', 'd', '--image=busybox', '-n', 'strict');
    assert.equal(deployment.code, 0, deployment.stderr);
    assert.equal(
      deployment.stderr.trim(),
      `Warning: would violate PodSecurity "restricted:latest": ${plain.replaceAll('"c"', '"busybox"')}`,
    );
    const good = {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    };
    await k.pipe(podText('good', good), 'create', '-n', 'strict', '-f', '-');
    // What changes nothing that matters is not judged, even if the standard has become stricter since.
    await k.ok('label', 'pod', 'good', '-n', 'strict', 'a=b');
    const debug = await client
      .resource(Pods)
      .patch('good', { spec: { ephemeralContainers: [{ name: 'e', image: 'busybox' }] } }, {
        namespace: 'strict',
        type: 'strategic',
        subresource: 'ephemeralcontainers',
      } as never)
      .then(
        () => '',
        (error: Error) => error.message,
      );
    assert.match(
      debug,
      /pods "good" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false \(container "e"/,
    );
  });

  it('only warns where warnings are asked for', async () => {
    await namespace('warned', { ...label('warn', 'baseline'), ...label('warn-version', 'v1.30') });
    const made = await k.with({ input: podText('p', { privileged: true }) })('create', '-n', 'warned', '-f', '-');
    assert.equal(made.code, 0, made.stderr);
    assert.equal(
      made.stderr.trim(),
      'Warning: would violate PodSecurity "baseline:v1.30": privileged (container "c" must not set securityContext.privileged=true)',
    );
  });

  it('checks labels of namespaces, and existing pods when a namespace tightens', async () => {
    const wrong = await k('create', '-f', '-', '--dry-run=server');
    assert.notEqual(wrong.code, 0);
    const bad = JSON.stringify({ kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'bad', labels: label('enforce', 'tight') } });
    const refused = await k.with({ input: bad })('create', '-f', '-');
    assert.match(
      refused.stderr,
      /The Namespace "bad" is invalid: metadata\.labels\[pod-security\.kubernetes\.io\/enforce\]: Invalid value: "tight": must be one of privileged, baseline, restricted/,
    );
    await namespace('loose');
    for (const name of ['z', 'y', 'x']) await k.pipe(podText(name), 'create', '-n', 'loose', '-f', '-');
    await k.pipe(podText('root', { privileged: true }), 'create', '-n', 'loose', '-f', '-');
    const labelled = await k('label', 'namespace', 'loose', 'pod-security.kubernetes.io/enforce=restricted', '--overwrite');
    const reasons = 'allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile';
    assert.deepEqual(labelled.stderr.trim().split('\n'), [
      'Warning: existing pods in namespace "loose" violate the new PodSecurity enforce level "restricted:latest"',
      `Warning: root: privileged, ${reasons}`,
      `Warning: x (and 2 other pods): ${reasons}`,
    ]);
    const relaxed = await k('label', 'namespace', 'loose', 'pod-security.kubernetes.io/enforce=privileged', '--overwrite');
    assert.equal(relaxed.stderr, '');
  });
});
