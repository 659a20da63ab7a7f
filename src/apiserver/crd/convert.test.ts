import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { KubeObject } from '#api/object.ts';
import { checkConverted, readAnswer } from './convert.ts';

const original = {
  apiVersion: 'g.example.com/v1',
  kind: 'K',
  metadata: { name: 'n', namespace: 'ns', uid: 'u', labels: { a: 'b' }, resourceVersion: '7' },
} as KubeObject;
const wanted = { apiVersion: 'apiextensions.k8s.io/v1', uid: 'u' };

/** Either a complaint in words, or a result. */
function outcome<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof Error && error.message !== '' && !(error instanceof TypeError), String(error));
    return undefined;
  }
}

it('reads whatever a webhook answers', () => {
  const response = fc.record(
    {
      uid: fc.constantFrom('u', 'v'),
      result: fc.oneof(fc.constant({ status: 'Success' }), fc.jsonValue({ maxDepth: 1 })),
      convertedObjects: fc.oneof(fc.array(fc.jsonValue({ maxDepth: 1 })), fc.jsonValue({ maxDepth: 1 })),
    },
    { requiredKeys: [] },
  );
  const review = fc.record({
    apiVersion: fc.constantFrom<unknown>(wanted.apiVersion, 'x', 1, null),
    kind: fc.constantFrom<unknown>('ConversionReview', 'Other', []),
    response: fc.oneof(response, fc.jsonValue({ maxDepth: 1 })),
  });
  fc.assert(
    fc.property(fc.oneof(review, fc.jsonValue()), (value) => {
      assert.ok(Array.isArray(outcome(() => readAnswer(value, wanted)) ?? []));
    }),
    { seed: 7, numRuns: 500 },
  );
});

it('lets a webhook change labels and annotations of metadata, and nothing else', () => {
  const mostly = (right: string, wrong: string) => fc.constantFrom(right, right, right, right, wrong);
  const good = fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 });
  const texts = fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) as never });
  const metadata = fc.record(
    {
      name: mostly('n', 'm'),
      namespace: fc.constant('ns'),
      uid: mostly('u', 'w'),
      labels: texts,
      annotations: texts,
      finalizers: fc.constant(['x/y']),
    },
    { requiredKeys: ['name', 'namespace', 'uid'] },
  );
  const object = fc.record({
    apiVersion: mostly('g.example.com/v2', 'g.example.com/v1'),
    kind: mostly('K', 'L'),
    metadata: fc.oneof({ weight: 5, arbitrary: metadata }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) as never }),
    spec: fc.jsonValue({ maxDepth: 1 }),
  });
  let accepted = 0;
  fc.assert(
    fc.property(object, (value) => {
      const result = outcome(() => checkConverted(original, value, 'g.example.com/v2'));
      if (!result) return;
      accepted++;
      const { labels: _, annotations: __, ...kept } = result.metadata;
      assert.deepEqual(kept, { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '7' });
      assert.equal(result.kind, 'K');
    }),
    { seed: 7, numRuns: 500 },
  );
  assert.ok(accepted > 10, String(accepted));
});
