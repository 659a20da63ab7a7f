// CEL's own conformance data (npm: @bufbuild/cel-spec): every case of it either runs or has a reason why not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js';
import type { SerializedIncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { CelCompileError, CelError, compile } from '#format/cel/cel.ts';
import { equal } from '#format/cel/compare.ts';
import { typeText } from '#format/cel/types.ts';
import { readCase, readValue, specEnv } from './celcases.ts';

/** Suites about what Kubernetes does not have. */
const suiteSkips: Readonly<Record<string, string>> = {
  block_ext: 'cel.block is written by optimizers, not by users; no environment of Kubernetes has it',
  encoders_ext: 'Kubernetes does not offer the encoders extension',
  math_ext: 'Kubernetes does not offer the math extension',
  network_ext: "not cel-go's; the libraries of Kubernetes for addresses have tables of their own",
  proto2: 'Kubernetes declares no protobuf messages',
  proto2_ext: 'Kubernetes declares no protobuf messages',
  proto3: 'Kubernetes declares no protobuf messages',
  enums: 'Kubernetes declares no protobuf enums',
  wrappers: 'Kubernetes declares no protobuf messages',
  dynamic: 'Kubernetes declares no protobuf messages',
  unknowns: 'has no cases',
};
const messages = /TestAllTypes|NestedTestAllTypes|google\.protobuf\.(?!Timestamp\b|Duration\b)|GlobalEnum|cel\.expr\.|proto[23]\./;

/** Single cases that cannot be, by suite and name. */
const caseSkips: Readonly<Record<string, string>> = {};

interface Count {
  run: number;
  skipped: Map<string, number>;
}
const counts: Count = { run: 0, skipped: new Map() };

function skip(reason: string): void {
  counts.skipped.set(reason, (counts.skipped.get(reason) ?? 0) + 1);
}

/** cel-go's refusals in the data come from an environment without extensions. */
const extended = new Set(['bindings_ext', 'macros2', 'optionals', 'string_ext']);

function runCase(path: string, original: Record<string, unknown>, refused: string | undefined): void {
  const refusal = extended.has(path.split('/')[0] ?? '') ? undefined : refused;
  const known = readCase(original);
  const reason = caseSkips[path];
  if (reason) return skip(reason);
  if (messages.test(known.expr) || messages.test(JSON.stringify(known.raw))) return skip('Kubernetes declares no protobuf messages');
  if (/\b(?:reverse)\(\)/.test(known.expr)) return skip('a function of a later version of the strings extension');
  counts.run++;
  const env = specEnv(known);
  let program: ReturnType<typeof compile>;
  try {
    program = compile(env, known.expr);
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    // Without checking, errors would come while running; Kubernetes always checks.
    assert.ok(refusal !== undefined || known.evalError !== undefined, `${path}: ${known.expr}\nrefused: ${error.message}`);
    if (refusal?.startsWith('ERROR: <input>')) assert.equal(error.message.split('\n')[0], refusal.split('\n')[0], `${path}: ${known.expr}`);
    return;
  }
  assert.ok(!refusal?.startsWith('ERROR: <input>'), `${path}: ${known.expr}\nshould be refused: ${refusal}`);
  if (known.type !== undefined) assert.equal(typeText(program.type), known.type, `${path}: ${known.expr}`);
  if (known.checkOnly) return;
  if (known.evalError !== undefined) {
    assert.throws(() => program.evaluate(known.bindings), CelError, `${path}: ${known.expr}`);
    return;
  }
  const { value } = program.evaluate(known.bindings);
  const wanted = known.value === undefined ? true : readValue(known.value);
  const same = typeof wanted === 'number' && Number.isNaN(wanted) ? Number.isNaN(value) : equal(value, wanted);
  assert.ok(same, `${path}: ${known.expr}\ngot ${JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`);
}

function runSuite(suite: SerializedIncrementalTestSuite, path: string, failures: string[]): void {
  for (const each of suite.tests ?? []) {
    try {
      runCase(`${path}/${each.original.name}`, each.original as Record<string, unknown>, each.error);
    } catch (error) {
      failures.push(`${path}/${each.original.name}: ${error instanceof Error ? error.message : JSON.stringify(error)}`);
    }
  }
  for (const inner of suite.suites ?? []) runSuite(inner, `${path}/${inner.name}`, failures);
}

for (const suite of tests.suites ?? []) {
  const reason = suiteSkips[suite.name];
  test(`CEL conformance data: ${suite.name}`, { skip: reason ?? false }, () => {
    const failures: string[] = [];
    runSuite(suite, suite.name, failures);
    assert.deepEqual(failures, []);
  });
}

test('most of the data runs', () => {
  assert.ok(counts.run > 900, `ran ${counts.run}, skipped ${JSON.stringify([...counts.skipped])}`);
});
