import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../chain.ts';
import type { AdmissionInput } from './admissionenv.ts';
import { checkMatchConditions, compileMatchConditions } from './matchconditions.ts';

function input(object: object, decide: () => Decision | Promise<Decision> = () => ({ decision: 'no-opinion' })): AdmissionInput {
  const resource = { group: '', version: 'v1', resource: 'configmaps' };
  const kind = { group: '', version: 'v1', kind: 'ConfigMap' };
  return {
    object: { metadata: { name: 'a', namespace: 'default' }, ...object },
    oldObject: undefined,
    request: {
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: 'a',
      namespace: 'default',
      operation: 'CREATE',
      userInfo: { username: 'jane', groups: ['dev'] },
    },
    ctx: { user: { name: 'jane', groups: ['dev'] }, backend: { authorizer: { authorize: decide } } },
  } as unknown as AdmissionInput;
}
const conditions = (...expressions: string[]) => expressions.map((expression, index) => ({ name: `c${index}`, expression }));

test('all conditions must hold', async () => {
  const table: readonly [string[], string][] = [
    [[], 'match'],
    [["object.metadata.name == 'a'", "request.userInfo.username == 'jane'"], 'match'],
    [["object.metadata.name == 'b'"], 'no-match'],
    [['object.data.x == 1'], 'error'],
    // What is false decides, though another one fails.
    [['object.data.x == 1', 'false'], 'no-match'],
    [['oldObject == null', "!('system:masters' in request.userInfo.groups)"], 'match'],
    [["authorizer.group('').resource('pods').check('create').allowed()"], 'no-match'],
  ];
  for (const [expressions, kind] of table) {
    assert.equal((await compileMatchConditions(conditions(...expressions)).evaluate(input({}))).kind, kind, expressions.join(' ; '));
  }
});

test('an authorizer that takes its time is waited for', async () => {
  let asked = 0;
  const decide = (): Promise<Decision> => {
    asked++;
    return Promise.resolve({ decision: 'allow' });
  };
  const both = "authorizer.path('/healthz').check('get').allowed() && authorizer.requestResource.check('delete').allowed()";
  assert.deepEqual(await compileMatchConditions(conditions(both)).evaluate(input({}, decide)), { kind: 'match' });
  assert.equal(asked, 2);
});

test('what does not compile is refused in the words of Kubernetes', () => {
  const errors = checkMatchConditions(conditions('true', 'object.x +', '1 + 1', 'nope == 1'), 'webhooks[0].matchConditions');
  assert.deepEqual(
    errors.map(({ field, detail }) => [field, detail.split('\n')[0]]),
    [
      [
        'webhooks[0].matchConditions[1].expression',
        "compilation failed: ERROR: <input>:1:11: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
      ],
      ['webhooks[0].matchConditions[2].expression', 'must evaluate to bool'],
      [
        'webhooks[0].matchConditions[3].expression',
        "compilation failed: ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')",
      ],
    ],
  );
});
