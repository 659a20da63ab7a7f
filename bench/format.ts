// What do the formats and merges cost on an ordinary Deployment? Microseconds each, one JSON line, appended to
// bench/history/format.jsonl. Usage: node bench/format.ts [milliseconds per measurement]
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment } from '#api/apps/v1/deployment.ts';
import type { Json } from '#api/dsl.ts';
import { decodeProtobuf, encodeEnveloped, openEnvelope } from '#api/walk/protobuf.ts';
import { parseJson, parseJsonStrict } from '#format/json.ts';
import { addQuantity, canonicalQuantity } from '#format/quantity.ts';
import { parseSelector } from '#format/selector.ts';
import { parseYaml, toYaml } from '#format/yaml.ts';
import { applyPatch, type OwnedObject, trackUpdate } from '#merge/apply.ts';
import { applyStrategicPatch } from '#merge/strategic.ts';

const budget = Number(process.argv[2] ?? 200);
const now = '2026-01-01T00:00:00Z';
const container = (name: string): Json => ({
  name,
  image: `registry.example/${name}:1`,
  env: Array.from({ length: 10 }, (_, index) => ({ name: `KEY_${index}`, value: `value ${index}` })),
  ports: [{ containerPort: 80, protocol: 'TCP' }],
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '1Gi' } },
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
});
const bare = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    strategy: {},
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [container('web'), container('side')], volumes: [{ name: 'data', emptyDir: {} }] },
    },
  },
  status: {},
};
const writer = { manager: 'bench', apiVersion: 'apps/v1', now, struct: Deployment };
const live: OwnedObject = {
  ...bare,
  metadata: { ...bare.metadata, managedFields: trackUpdate({ ...writer, live: undefined, next: bare }) },
};
const scaled = structuredClone({ ...live, spec: { ...bare.spec, replicas: 4 } }) as OwnedObject;
const same = structuredClone(live) as OwnedObject;
const { status: _, ...config } = bare;
const applied = applyPatch({ ...writer, live: undefined, patch: config }).object as OwnedObject;
const json = JSON.stringify(live);
const yaml = toYaml(live);
const wire = encodeEnveloped(Deployment, 'apps/v1', 'Deployment', live);
const patch: Json = { spec: { template: { spec: { containers: [{ name: 'web', image: 'registry.example/web:2' }] } } } };

let sink: unknown;
function micros(work: () => unknown): number {
  for (let index = 0; index < 200; index++) sink = work();
  const started = performance.now();
  let count = 0;
  while (performance.now() - started < budget) {
    for (let index = 0; index < 20; index++) sink = work();
    count += 20;
  }
  return Number((((performance.now() - started) * 1000) / count).toFixed(2));
}

const line = JSON.stringify({
  bench: 'format',
  bytes: { json: json.length, yaml: yaml.length, protobuf: wire.length },
  micros: {
    quantityKnown: micros(() => canonicalQuantity('1500m')),
    quantityAdd: micros(() => addQuantity('1Gi', '500Mi')),
    selectorParse: micros(() => parseSelector('app=web,tier in (a,b),!old')),
    jsonParse: micros(() => parseJson(json)),
    jsonStrict: micros(() => parseJsonStrict(json)),
    yamlParse: micros(() => parseYaml(yaml)),
    yamlWrite: micros(() => toYaml(live)),
    protobufEncode: micros(() => encodeEnveloped(Deployment, 'apps/v1', 'Deployment', live)),
    protobufDecode: micros(() => decodeProtobuf(Deployment, openEnvelope(wire).raw)),
    strategicPatch: micros(() => applyStrategicPatch(live as unknown as Json, patch, Deployment)),
    trackCreate: micros(() => trackUpdate({ ...writer, live: undefined, next: bare })),
    trackUnchanged: micros(() => trackUpdate({ ...writer, live, next: same })),
    trackScale: micros(() => trackUpdate({ ...writer, manager: 'scaler', live, next: scaled })),
    applySame: micros(() => applyPatch({ ...writer, live: applied, patch: config })),
  },
  used: sink !== undefined,
});
console.log(line);
const folder = join(import.meta.dirname, 'history');
mkdirSync(folder, { recursive: true });
appendFileSync(join(folder, 'format.jsonl'), `${line}\n`);
