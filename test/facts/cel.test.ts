// CEL's own conformance data (npm: @bufbuild/cel-spec): every case of it either runs or has a reason why not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tests as checking } from '@bufbuild/cel-spec/testdata/checking.js';
import { tests as comprehension } from '@bufbuild/cel-spec/testdata/comprehension.js';
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js';
import { tests as parsing } from '@bufbuild/cel-spec/testdata/parsing.js';
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

/** Refusals of cel-go's own tests that cannot be compared, by what tells them. */
const refusalSkips: readonly (readonly [RegExp, string])[] = [
  [messages, 'Kubernetes declares no protobuf messages'],
  [/Msg\{|Message\{|SomeMessage/, 'Kubernetes declares no protobuf messages'],
  [/recursion|lookahead/, 'these tests set limits of their own; ours has a test below'],
  [/^1u? ?[<>]=? 1.0/, 'Kubernetes compares numbers of different types'],
  [/^--$|^a\.`\$b`$|^x\{\?\.$/, 'our reader stops one token earlier or later'],
];

for (const [name, suite] of Object.entries({ parsing, checking, comprehension })) {
  test(`CEL's refusals, in cel-go's words: ${name}`, () => {
    const failures: string[] = [];
    let run = 0;
    const visit = (one: SerializedIncrementalTestSuite): void => {
      for (const { original, error } of one.tests ?? []) {
        if (!error) continue;
        const about = `${JSON.stringify(original)} ${error}`;
        const reason = refusalSkips.find(([pattern]) => pattern.test(about) || pattern.test(original.expr))?.[1];
        if (reason) {
          skip(reason);
          continue;
        }
        run++;
        // These tests ran in an environment without extensions.
        const syntax = { optionals: false, twoVariables: false, quotedFields: false };
        const env = specEnv(readCase(original)).extend({ syntax });
        const wanted = error.split('\n')[0]?.replace('ERROR: :', 'ERROR: <input>:');
        try {
          compile(env, original.expr);
          failures.push(`${original.expr}\nshould be refused: ${wanted}`);
        } catch (thrown) {
          if (!(thrown instanceof CelCompileError)) throw thrown;
          const [found] = thrown.message.split('\n');
          if (found !== wanted) failures.push(`${original.expr}\n${found}\nshould be\n${wanted}`);
        }
      }
      for (const inner of one.suites ?? []) visit(inner);
    };
    visit(suite);
    assert.deepEqual(failures, []);
    assert.ok(run > 15, `ran ${run}`);
  });
}

test('expressions are bounded in size and depth', () => {
  const env = specEnv(readCase({ expr: '' }));
  const refused = (expr: string): string => {
    try {
      compile(env, expr);
      return '';
    } catch (error) {
      assert.ok(error instanceof CelCompileError, String(error));
      return error.message.split('\n')[0] ?? '';
    }
  };
  assert.equal(refused('1'.repeat(100_001)), 'ERROR: <input>:-1:0: expression code point size exceeds limit: size: 100001, limit 100000');
  for (const deep of [
    '('.repeat(300) + '1' + ')'.repeat(300),
    '['.repeat(300),
    Array.from({ length: 300 }, () => '1').join('+'),
    `a${'.a'.repeat(300)}`,
  ]) {
    assert.equal(refused(deep), 'ERROR: <input>:-1:0: expression recursion limit exceeded: 250');
  }
  // Logic is balanced: its terms cost no depth.
  assert.equal(refused(Array.from({ length: 5000 }, () => 'true').join(' && ')), '');
});

test('most of the data runs', () => {
  assert.ok(counts.run > 900, `ran ${counts.run}, skipped ${JSON.stringify([...counts.skipped])}`);
});
