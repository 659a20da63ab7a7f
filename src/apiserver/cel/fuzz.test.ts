// Whatever is written as an expression: it is refused, fails or gives a value, within its cost, and never anything else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CelCompileError, CelError, compile } from '#format/cel/cel.ts';
import { estimateCost } from '#format/cel/estimate.ts';
import { fromJson } from '#format/cel/native.ts';
import { Dyn, Int, listOf, mapOf, Str } from '#format/cel/types.ts';
import { ruleTree, applyRules } from './rules.ts';
import { checkDefinitionRules } from './rulecheck.ts';
import { baseEnv } from './environment.ts';

const env = baseEnv.extend({
  variables: [
    { name: 'd', type: Dyn },
    { name: 'n', type: Int },
    { name: 's', type: Str },
    { name: 'l', type: listOf(Int) },
    { name: 'm', type: mapOf(Str, Str) },
  ],
});
const values = {
  d: fromJson({ a: [1, 'x', null, { b: 1.5 }], c: {}, text: 'z' }),
  n: 7n,
  s: 'a😀b',
  l: fromJson([3, 1, 2]),
  m: fromJson({ k: 'v', __proto__x: 'y' }),
};
const limit = 100_000;

/** Compiles and, if that goes well, evaluates. */
function attempt(expression: string): void {
  let program: ReturnType<typeof compile>;
  try {
    program = compile(env, expression);
  } catch (error) {
    if (error instanceof CelCompileError) return;
    throw new Error(`compiling ${JSON.stringify(expression)}`, { cause: error });
  }
  const estimate = estimateCost(program.checked, {});
  assert.ok(estimate.max >= estimate.min || Number.isNaN(estimate.max) === false, expression);
  try {
    const { cost } = program.evaluate(values, limit);
    assert.ok(cost <= limit, expression);
  } catch (error) {
    if (!(error instanceof CelError)) throw new Error(`evaluating ${JSON.stringify(expression)}`, { cause: error });
  }
}

const tokens = (
  'd n s l m a b x y _ true false null 0 1 -1 2u 1.5 1e308 9223372036854775807 18446744073709551615u 0x1F ' +
  '"t" \'\' b"\\xff" r"\\d+" "\\u00e9" + - * / % == != < <= > >= && || ! ? : . , ( ) [ ] { } in .? [? ' +
  'has( .all( .exists( .exists_one( .map( .filter( .transformList( .transformMap( .transformMapEntry( size( .size() .matches( .contains( .startsWith( ' +
  'int( uint( double( string( bytes( bool( type( dyn( timestamp( duration( .getFullYear( .split( .join( .replace( .substring( .format( .charAt( .indexOf( ' +
  'quantity( ip( cidr( url( semver( .find( .findAll( .sum() .max() .isSorted() sets.contains( optional.of( optional.none() .orValue( .optMap( .value() ' +
  'format.named( .validate( authorizer Object{ foo{ ` \\ " @ # $ 😀 // \n'
).split(' ');

test('soups of tokens', () => {
  const soup = fc.array(fc.constantFrom(...tokens), { maxLength: 30 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(soup, (text) => attempt(text)),
    { seed: 11, numRuns: 3000 },
  );
});

test('any text', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(0xffff), { maxLength: 60 }).map((units) => String.fromCharCode(...units)),
      (text) => attempt(text),
    ),
    { seed: 12, numRuns: 1000 },
  );
});

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'e' },
    fc.constantFrom(
      'd',
      'n',
      's',
      'l',
      'm',
      'd.a',
      'd.c',
      'd.text',
      'm.k',
      '1',
      '0',
      '-9223372036854775808',
      '1.5',
      '0.0',
      '2u',
      "'x'",
      "''",
      'true',
      'null',
      '[]',
      '{}',
      "b'q'",
      'x',
      'y',
    ),
    fc
      .tuple(tie('expression'), fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||', ' in '), tie('expression'))
      .map(([a, o, b]) => `(${a}${o}${b})`),
    fc
      .tuple(
        fc.constantFrom(
          '!',
          '-',
          'size',
          'int',
          'uint',
          'double',
          'string',
          'bytes',
          'dyn',
          'type',
          'duration',
          'timestamp',
          'quantity',
          'ip',
          'cidr',
          'url',
          'semver',
          'optional.of',
          'isIP',
        ),
        tie('expression'),
      )
      .map(([f, a]) => `${f}(${a})`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('all', 'exists', 'exists_one', 'map', 'filter'), tie('expression'))
      .map(([a, f, b]) => `${a}.${f}(x, ${b})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('all', 'exists', 'transformList', 'transformMap', 'transformMapEntry'), tie('expression'))
      .map(([a, f, b]) => `${a}.${f}(x, y, ${b})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom(
          'matches',
          'contains',
          'split',
          'find',
          'indexOf',
          'substring',
          'format',
          'charAt',
          'orValue',
          'containsIP',
          'add',
          'compareTo',
          'join',
        ),
        tie('expression'),
      )
      .map(([a, f, b]) => `${a}.${f}(${b})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `${a}[${b}]`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom(
          '.a',
          '.?a',
          '.k',
          '.size()',
          '.sum()',
          '.max()',
          '.isSorted()',
          '.trim()',
          '.hasValue()',
          '.getFullYear()',
          '.family()',
        ),
      )
      .map(([a, f]) => `${a}${f}`),
    fc.array(tie('expression'), { maxLength: 3 }).map((items) => `[${items.map((item) => `dyn(${item})`).join(', ')}]`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `{dyn(${a}): dyn(${b})}`),
  ),
}));

test('expressions of the right form', () => {
  fc.assert(
    fc.property(expression, (text) => attempt(text)),
    { seed: 13, numRuns: 3000 },
  );
});

test('patterns that are bombs elsewhere take linear time', () => {
  const program = compile(env, "s.matches('^(a+)+$') || s.matches('(a|aa)+$') || s.matches('(.*a){20}$')");
  const { value } = program.evaluate({ s: `${'a'.repeat(20_000)}!` });
  assert.equal(value, false);
  assert.throws(() => compile(env, "s.matches('(a{1000}){1000}')"), CelCompileError);
});

test('cost bombs are cut off', () => {
  const nested = (depth: number): string => (depth === 0 ? 'true' : `l.all(x${depth}, ${nested(depth - 1)})`);
  const big = fromJson(Array.from({ length: 1000 }, (_, index) => index));
  for (const bomb of [
    nested(6),
    'l.map(x, l.map(y, l.map(z, x + y + z))).size() > 0',
    "l.map(x, string(x)).join('').matches('(0|1|2|3)*x') || l.all(x, !l.map(y, string(y)).join('').contains('q' + string(x)))",
    'l.all(x, [l, l, l, l, l, l, l, l, l, l] == [l, l, l, l, l, l, l, l, l, l] && l + l == l + l)',
    'sets.equivalent(l, l) && l.all(x, sets.contains(l, l))',
  ]) {
    assert.throws(() => compile(env, bomb).evaluate({ ...values, l: big }, 1_000_000), { exceeded: true }, bomb);
  }
});

test('schemas of any kind with rules of any kind', () => {
  const leaf = fc.constantFrom<object>(
    { type: 'string' },
    { type: 'integer' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'string', format: 'date-time' },
    { type: 'string', format: 'byte', maxLength: 4 },
    { 'x-kubernetes-int-or-string': true },
    { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    {},
  );
  const rule = fc.oneof(
    expression,
    fc.constantFrom('self == oldSelf', 'self.a == 1', 'self.all(x, x.a == self)', 'has(self.a) && self.b > 0'),
  );
  const ruled = (inner: fc.Arbitrary<object>): fc.Arbitrary<object> =>
    fc.tuple(inner, fc.array(rule, { maxLength: 2 })).map(([schema, rules]) => ({
      ...schema,
      ...(rules.length ? { 'x-kubernetes-validations': rules.map((one) => ({ rule: one.replace(/\bd\b/g, 'self') })) } : {}),
    }));
  const { schema } = fc.letrec<{ schema: object }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3 },
      ruled(leaf),
      ruled(fc.record({ type: fc.constant('array'), items: tie('schema') })),
      ruled(fc.record({ type: fc.constant('object'), additionalProperties: tie('schema') })),
      ruled(
        fc
          .dictionary(fc.constantFrom('a', 'b', 'x-y', 'in', '__proto__x', '1'), tie('schema'), { maxKeys: 3 })
          .map((properties) => ({ type: 'object', properties })),
      ),
    ),
  }));
  fc.assert(
    fc.property(schema, fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 3 }), (spec, object, old) => {
      const openAPIV3Schema = { type: 'object', properties: { spec } };
      const errors = checkDefinitionRules({ spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema } }] } } as never);
      if (errors.length > 0) return;
      const tree = ruleTree(openAPIV3Schema as never);
      // Whether or not the object fits the schema.
      if (tree) applyRules(tree, { spec: object }, { spec: old });
    }),
    { seed: 14, numRuns: 1500 },
  );
});
