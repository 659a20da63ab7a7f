// How long does a CEL rule of ten terms take once it is compiled, and how long does compiling take? Run: node bench/cel.ts
import { baseEnv } from '../src/apiserver/cel/environment.ts';
import { applyRules, ruleTree } from '../src/apiserver/cel/rules.ts';
import { compile } from '../src/format/cel/cel.ts';
import { fromJson } from '../src/format/cel/native.ts';
import { Dyn } from '../src/format/cel/types.ts';

const container = (name: string) => ({
  name,
  image: `registry.example.com/${name}:1.2.3`,
  resources: { limits: { memory: '128Mi' } },
  securityContext: { privileged: false },
});
const object = {
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web', tier: 'front' }, generation: 3 },
  spec: {
    replicas: 3,
    paused: false,
    strategy: { type: 'RollingUpdate' },
    template: { spec: { containers: ['a', 'b', 'c'].map(container) } },
  },
};
const ten =
  "object.spec.replicas > 1 && object.spec.replicas <= 10 && !object.spec.paused && object.metadata.name.startsWith('we') && " +
  "object.metadata.namespace != 'kube-system' && has(object.metadata.labels) && object.metadata.labels['app'] == 'web' && " +
  "object.spec.strategy.type in ['RollingUpdate', 'Recreate'] && size(object.spec.template.spec.containers) < 5 && object.metadata.generation >= 1";
const each = "object.spec.template.spec.containers.all(c, c.image.startsWith('registry.example.com/') && !c.securityContext.privileged)";

function report(measure: string, count: number, work: () => void): void {
  for (let index = 0; index < count / 10; index++) work();
  const started = performance.now();
  const cpu = process.cpuUsage();
  for (let index = 0; index < count; index++) work();
  const micros = ((performance.now() - started) * 1000) / count;
  const { user, system } = process.cpuUsage(cpu);
  const line = { bench: 'cel', measure, count, micros: Number(micros.toFixed(2)), cpuMicros: Number(((user + system) / count).toFixed(2)) };
  console.log(JSON.stringify(line));
}

const env = baseEnv.extend({ variables: [{ name: 'object', type: Dyn }] });
for (const [name, source] of Object.entries({ 'ten terms': ten, 'a comprehension over three containers': each })) {
  const program = compile(env, source);
  const variables = { object: fromJson(object) };
  if (program.evaluate(variables).value !== true) throw new Error(`${name} does not hold`);
  report(name, 200_000, () => program.evaluate(variables, 1_000_000));
  report(`compiling ${name}`, 2000, () => compile(env, source));
}

const text = { type: 'string', maxLength: 63 };
const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { min: { type: 'integer' }, max: { type: 'integer' }, names: { type: 'array', maxItems: 16, items: text } },
      'x-kubernetes-validations': [{ rule: 'self.min <= self.max' }, { rule: "self.names.all(n, n.startsWith('x'))" }],
    },
  },
};
const tree = ruleTree(schema as never);
const resource = { apiVersion: 'v1', kind: 'A', metadata: { name: 'a' }, spec: { min: 1, max: 2, names: ['xa', 'xb', 'xc'] } };
if (tree) report('two rules of a custom resource', 200_000, () => applyRules(tree, resource));
