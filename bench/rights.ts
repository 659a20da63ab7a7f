// What do rights, webhooks and the audit log cost? A decision among 10,000 bindings, and the first one after a binding has changed;
// a write that a webhook allows at once, beside the same call by itself; an audited write beside one that is not.
// Run: node bench/rights.ts
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuditor } from '#apiserver/audit/auditor.ts';
import { createRbac } from '#apiserver/authz/rbac.ts';
import { attributesOf } from '#apiserver/authz/review.ts';
import { ClusterRoles, ConfigMaps, RoleBindings, ValidatingWebhookConfigurations } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { createWorld } from '#host/world.ts';
import { startTestApi } from '../test/support/api.ts';
import { startWebhooks } from '../test/support/webhooks.ts';

const world = createWorld({ logLevel: 'error' });
const group = 'rbac.authorization.k8s.io';
const round = (value: number): number => Number(value.toFixed(2));
/** CPU and wall microseconds of one of `count` calls. */
async function each(count: number, work: (i: number) => unknown): Promise<{ micros: number; cpuMicros: number }> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (let i = 0; i < count; i++) await work(i);
  const { user, system } = process.cpuUsage(cpu);
  return { micros: round(((performance.now() - started) * 1000) / count), cpuMicros: round((user + system) / count) };
}
const print = (measure: string, values: object): void => console.log(JSON.stringify({ bench: 'rights', measure, ...values }));

{
  const role = { metadata: { name: 'reader' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods', 'configmaps'] }] };
  const bindings: object[] = Array.from({ length: 10_000 }, (_, i) => ({
    metadata: { name: `b-${i}`, namespace: `ns-${i % 1000}` },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'reader' },
    subjects: [{ kind: 'User', apiGroup: group, name: `user-${i % 5000}` }],
  }));
  let changed: ((object: never, type: 'MODIFIED') => void)[] = [];
  const rbac = createRbac({
    list: (ref: unknown) => (ref === RoleBindings ? bindings : []) as never,
    peek: (ref: unknown) => (ref === ClusterRoles ? role : undefined) as never,
    onChange: (ref, listener) => {
      if (ref === RoleBindings) changed.push(listener as never);
      return () => (changed = []);
    },
  });
  const ask = (i: number) => {
    const user = { name: `user-${i % 5000}`, groups: ['system:authenticated'] };
    const resourceAttributes = { verb: 'get', resource: 'pods', namespace: `ns-${i % 1000}`, name: 'p' };
    return rbac.authorize(attributesOf(user, { resourceAttributes }));
  };
  await ask(1);
  print('a decision among 10,000 bindings', await each(100_000, ask));
  print(
    'a decision right after a change',
    await each(200, (i) => {
      for (const listener of changed) listener(bindings[i] as never, 'MODIFIED');
      return ask(i);
    }),
  );
}

const write = (client: Client) => (i: number) =>
  client.resource(ConfigMaps).create({ metadata: { generateName: `m-${i}-`, namespace: 'default' }, data: { a: 'b' } } as never);

{
  await using api = await startTestApi({ world });
  const hooks = await startWebhooks(world, {
    '/allow': ({ body }) => ({
      body: { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: body.request.uid, allowed: true } },
    }),
  });
  const make = write(api.client);
  await each(300, make);
  const without = await each(1000, make);
  await api.client.resource(ValidatingWebhookConfigurations).create({
    metadata: { name: 'w' },
    webhooks: [
      {
        name: 'allow.example.com',
        clientConfig: { url: `${hooks.url}/allow`, caBundle: hooks.caBundle },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  } as never);
  await each(300, make);
  const beside = await each(1000, make);
  const call = async (): Promise<void> => {
    const body = JSON.stringify({ request: { uid: 'x' } });
    await (await world.net.fetch(`${hooks.url}/allow`, { method: 'POST', body, tls: { ca: hooks.ca } })).bytes();
  };
  await each(300, call);
  const alone = await each(1000, call);
  // Server and webhook share this process: what the call itself costs both is taken off.
  print('a webhook beside its own time', {
    micros: round(beside.micros - without.micros - alone.micros),
    cpuMicros: round(beside.cpuMicros - without.cpuMicros - alone.cpuMicros),
  });
  await hooks[Symbol.asyncDispose]();
}

{
  const dir = mkdtempSync(join(tmpdir(), 'tutti-bench-audit-'));
  writeFileSync(
    join(dir, 'policy.yaml'),
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata, omitStages: [RequestReceived] }]\n',
  );
  const auditor = await createAuditor(world, { policyFile: join(dir, 'policy.yaml'), logPath: join(dir, 'audit.log') });
  await using plain = await startTestApi({ world });
  await using audited = await startTestApi({ world, auditor });
  const [one, two] = [write(plain.client), write(audited.client)];
  await each(2000, one);
  await each(2000, two);
  // By turns, so that what the machine does meanwhile falls on both.
  const sums = [0, 0];
  for (let turn = 0; turn < 10; turn++) {
    sums[0] = (sums[0] ?? 0) + (await each(500, one)).cpuMicros;
    sums[1] = (sums[1] ?? 0) + (await each(500, two)).cpuMicros;
  }
  const [without = 0, beside = 0] = sums.map((sum) => round(sum / 10));
  print('an audited write', { cpuMicros: beside, without, percent: round((beside / without - 1) * 100) });
  rmSync(dir, { recursive: true });
}
process.exit(0);
