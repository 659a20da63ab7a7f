import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { TrackedAuth } from '../parts.ts';
import { ImagePuller } from '../pulls/puller.ts';
import { RuntimeError } from '../runtime.ts';
import { Backoff } from './backoff.ts';
import { type AgentContext, StartError } from './context.ts';
import { ensureImage } from './pull.ts';

interface Given {
  readonly present?: boolean;
  readonly mustPull?: boolean;
  readonly records?: boolean;
  readonly auths?: readonly TrackedAuth[];
  /** What the registry says to each credential in turn. */
  readonly answers?: readonly (RuntimeError | undefined)[];
  readonly burst?: number;
}

/** An agent's context with what pulls need; everything that is done is noted. */
function bench(given: Given = {}) {
  const { present = false, mustPull = false, records = true, auths = [], burst = 10 } = given;
  const done: string[] = [];
  const time = { ms: 1_000_000 };
  const answers = [...(given.answers ?? [])];
  let there = present;
  const context = {
    world: { clock: { now: () => time.ms, monotonic: () => time.ms } },
    runtime: {
      imageStatus: () => Promise.resolve(there ? { id: 'sha256:1', size: 42 } : undefined),
      pullImage: (image: string, { auth }: { auth?: { username?: string } }) => {
        done.push(`pull ${image} as ${auth?.username ?? 'nobody'}`);
        time.ms += 1500;
        const answer = answers.shift();
        if (answer) return Promise.reject(answer);
        there = true;
        return Promise.resolve('sha256:1');
      },
    },
    recorder: {
      event: (_pod: Pod, _type: string, reason: string, message: string, { fieldPath = '' } = {}) =>
        void done.push(`${reason}${fieldPath === 'spec.containers{c}' ? '' : '?'}: ${message}`),
    },
    objects: { secret: () => Promise.reject(new Error('gone')) },
    credentials: () => {
      done.push('credentials');
      return Promise.resolve(auths);
    },
    pulls: new Backoff(10_000, 300_000),
    puller: new ImagePuller({ monotonic: () => time.ms }, { parallel: 1, qps: 5, burst }),
    ...(records
      ? {
          imageRecords: {
            mustPull: (image: string, ref: string) => {
              done.push(`check ${image} ${ref}`);
              return Promise.resolve(mustPull);
            },
            begins: (image: string) => Promise.resolve(void done.push(`begins ${image}`)),
            failed: (image: string) => Promise.resolve(void done.push(`failed ${image}`)),
            pulled: (image: string, ref: string, by: object) =>
              Promise.resolve(void done.push(`pulled ${image} ${ref} ${JSON.stringify(by)}`)),
          },
        }
      : {}),
  } as unknown as AgentContext;
  const signal = new AbortController().signal;
  const ensure = async (reference: string, pullPolicy?: string, spec: object = {}): Promise<string[]> => {
    done.length = 0;
    const pod = { metadata: { name: 'p', namespace: 'd', uid: 'u' }, spec: { containers: [], ...spec } } as unknown as Pod;
    const wanted = { reference, ...(pullPolicy ? { pullPolicy } : {}) };
    try {
      await ensureImage(context, pod, { wanted, fieldPath: 'spec.containers{c}', sandbox: {} as never, signal });
    } catch (error) {
      assert.ok(error instanceof StartError, String(error));
      done.push(`refused ${error.reason}: ${error.message}`);
    }
    return [...done];
  };
  return { ensure, context, time };
}

const present = 'Pulled: Container image "r.io/a:1" already present on machine and can be accessed by the pod';
const absent = 'Container image "r.io/a:1" is not present with pull policy of Never';
const pulling = ['begins r.io/a:1', 'Pulling: Pulling image "r.io/a:1"', 'credentials', 'pull r.io/a:1 as nobody'];
const pulledOpen = [
  ...pulling,
  'Pulled: Successfully pulled image "r.io/a:1" in 1.5s (1.5s including waiting). Image size: 42 bytes.',
  'pulled r.io/a:1 sha256:1 {"nodePodsAccessible":true}',
];
const check = 'check r.io/a:1 sha256:1';

const rows: readonly (readonly [string, Given, string, readonly string[], string])[] = [
  ['there, and for this pod', { present: true }, 'IfNotPresent', [check, present], 'ifnotpresent true false'],
  ['there, without records', { present: true, records: false }, 'Never', [present.replace(/ and can.*/, '')], 'never true false'],
  ['there, but not for this pod', { present: true, mustPull: true }, 'IfNotPresent', [check, ...pulledOpen], 'ifnotpresent true true'],
  [
    'there, not for this pod, never pulled',
    { present: true, mustPull: true },
    'Never',
    [check, `ErrImageNeverPull: ${absent}`, `refused ErrImageNeverPull: ${absent}`],
    'never true true',
  ],
  ['absent, never pulled', {}, 'Never', [`ErrImageNeverPull: ${absent}`, `refused ErrImageNeverPull: ${absent}`], 'never false false'],
  ['absent', {}, 'IfNotPresent', pulledOpen, 'ifnotpresent false true'],
  ['always', { present: true }, 'Always', pulledOpen, 'always unknown true'],
];
for (const [name, given, policy, expected, labels] of rows) {
  test(`an image that is ${name}`, async () => {
    const { ensure, context } = bench(given);
    assert.deepEqual(await ensure('r.io/a:1', policy), expected);
    assert.deepEqual(
      context.puller.requests.map(({ request, count }) => `${Object.values(request).join(' ')} ${count}`),
      [`${labels} 1`],
    );
  });
}

test('without a policy, only an image with a tag of its own need not be pulled', async () => {
  const { ensure } = bench({ present: true });
  for (const image of ['r.io/a', 'r.io/a:latest', 'r.io:5000/a']) assert.ok((await ensure(image)).includes(`begins ${image}`), image);
  for (const image of ['r.io/a:1', `r.io/a@sha256:${'0'.repeat(64)}`, 'r.io:5000/a:1']) {
    assert.ok(
      (await ensure(image)).some((step) => step.startsWith('check')),
      image,
    );
  }
});

const auth = (username: string, source?: TrackedAuth['source']): TrackedAuth => ({ auth: { username }, ...(source ? { source } : {}) });
const refused = (message: string): RuntimeError => new RuntimeError('unknown', message);

test('credentials are tried one after the other, and the one that was good is remembered', async () => {
  const source = { kubernetesSecrets: [{ uid: 's', namespace: 'd', name: 's', credentialHash: 'h' }] };
  const { ensure } = bench({ auths: [auth('x'), auth('y', source)], answers: [refused('401')] });
  const steps = await ensure('r.io/a:1');
  assert.deepEqual(
    steps.filter((step) => step.startsWith('pull')),
    ['pull r.io/a:1 as x', 'pull r.io/a:1 as y', `pulled r.io/a:1 sha256:1 ${JSON.stringify(source)}`],
  );
});

const failures: readonly (readonly [string, Given, string])[] = [
  ['the code says nothing', { answers: [refused('pull access denied')] }, 'ErrImagePull: pull access denied'],
  [
    'the code says something',
    { answers: [new RuntimeError('notFound', 'no such image')] },
    'ErrImagePull: rpc error: code = NotFound desc = no such image',
  ],
  ['all credentials for one reason', { auths: [auth('x'), auth('y')], answers: [refused('401'), refused('401')] }, 'ErrImagePull: 401'],
  ['for several reasons', { auths: [auth('x'), auth('y')], answers: [refused('401'), refused('403')] }, 'ErrImagePull: [401, 403]'],
  [
    'the registry is down',
    { answers: [refused('RegistryUnavailable: 503')] },
    'RegistryUnavailable: image pull failed for r.io/a:1 because the registry is unavailable: 503',
  ],
  ['too many pulls', { burst: 0 }, 'ErrImagePull: pull QPS exceeded'],
];
for (const [name, given, reason] of failures) {
  test(`a pull that fails: ${name}`, async () => {
    const { ensure } = bench(given);
    const steps = await ensure('r.io/a:1');
    assert.equal(steps.at(-1), `refused ${reason}`);
    assert.equal(steps.at(-2), 'failed r.io/a:1');
    assert.match(steps.at(-3) ?? '', /^Failed: Failed to pull image "r.io\/a:1": /);
    const message = 'Back-off pulling image "r.io/a:1"';
    assert.deepEqual(await ensure('r.io/a:1'), [`BackOff: ${message}`, `refused ImagePullBackOff: ${message}: ${reason}`]);
  });
}

test('pulls that fail are held back for 10 s, then longer; one that succeeds ends it', async () => {
  const { ensure, time } = bench({ answers: [refused('no'), refused('no')] });
  const isHeldBack = async (): Promise<boolean> => (await ensure('r.io/a:1')).some((step) => step.startsWith('BackOff'));
  assert.equal(await isHeldBack(), false);
  time.ms += 9_999;
  assert.equal(await isHeldBack(), true);
  time.ms += 1;
  assert.equal(await isHeldBack(), false);
  time.ms += 19_999;
  assert.equal(await isHeldBack(), true);
  time.ms += 1;
  assert.ok((await ensure('r.io/a:1')).some((step) => step.startsWith('Pulled')));
  assert.equal(await isHeldBack(), false);
});

test('a reference that is none, a secret that is not there', async () => {
  const { ensure } = bench();
  const [event, last] = await ensure('r.io/A:1');
  assert.match(event ?? '', /^InspectFailed: Failed to apply default image tag "r.io\/A:1": couldn't parse image name/);
  assert.match(last ?? '', /^refused InvalidImageName: /);
  const steps = await ensure('r.io/a:1', 'Always', { imagePullSecrets: [{ name: 's' }] });
  assert.ok(steps.some((step) => step.startsWith('FailedToRetrieveImagePullSecret?: Unable to retrieve some image pull secrets (s);')));
  assert.ok(steps.some((step) => step.startsWith('Pulled')));
});
