// PodSecurity by a configuration file: defaults for namespaces without labels, and who is exempt.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Namespaces, Pods, RuntimeClasses, ServiceAccounts } from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { toYaml } from '#format/yaml.ts';
import { startHttpsApi, type HttpsApi } from '../../support/https.ts';

let dir: string;
let https: HttpsApi;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tutti-pss-'));
  const configuration = {
    apiVersion: 'pod-security.admission.config.k8s.io/v1',
    kind: 'PodSecurityConfiguration',
    defaults: { enforce: 'baseline' },
    exemptions: { namespaces: ['free'], usernames: ['trusted'], runtimeClasses: ['sandboxed'] },
  };
  const file = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [{ name: 'PodSecurity', configuration }],
  };
  await writeFile(join(dir, 'admission.yaml'), toYaml(file));
  https = await startHttpsApi({ security: { admissionControlConfigFile: join(dir, 'admission.yaml') } });
  const { client } = https.api;
  for (const name of ['free', 'bound']) {
    await client.resource(Namespaces).create({ metadata: { name } });
    await client.resource(ServiceAccounts).create({ metadata: { name: 'default', namespace: name } });
  }
  await client.resource(RuntimeClasses).create({ metadata: { name: 'sandboxed' }, handler: 'runc' });
});
after(async () => {
  await https[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

const pod = (name: string, namespace: string, more: object = {}) => ({
  metadata: { name, namespace },
  spec: { hostNetwork: true, containers: [{ name: 'c', image: 'i' }], ...more },
});

describe('PodSecurity by configuration', () => {
  it('holds for namespaces without labels', async () => {
    await assert.rejects(https.api.client.resource(Pods).create(pod('a', 'bound')), (error: StatusError) => {
      assert.equal(error.message, 'pods "a" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)');
      return true;
    });
  });
  it('exempts namespaces, users and runtime classes', async () => {
    await https.api.client.resource(Pods).create(pod('a', 'free'));
    await https.api
      .clientFor({ name: 'trusted', groups: ['system:masters'] })
      .resource(Pods)
      .create(pod('b', 'bound'));
    await https.api.client.resource(Pods).create(pod('c', 'bound', { runtimeClassName: 'sandboxed' }));
  });
});
