import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pods } from '#api/refs.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { startTestApi } from '../../../test/support/api.ts';

test('pods of a template share their spec in the cache, with a token mounted all but that', async () => {
  await using api = await startTestApi();
  const pods = api.client.resource(Pods);
  const make = (name: string, automountServiceAccountToken: boolean): Promise<Pod> =>
    pods.create({
      metadata: { name, namespace: 'default' },
      spec: { automountServiceAccountToken, containers: [{ name: 'c', image: 'a:1', env: [{ name: 'A', value: name.slice(0, 1) }] }] },
    } as never);
  const [one, two] = [await make('a-1', false), await make('a-2', false)];
  assert.equal(two.spec, one.spec);
  assert.equal(two.spec.priority, 0);
  const other = await make('b-1', false);
  assert.equal(other.spec.containers[0]?.env?.[0]?.value, 'b');
  const [three, four] = [await make('a-3', true), await make('a-4', true)];
  assert.notEqual(three.spec.volumes?.[0]?.name, four.spec.volumes?.[0]?.name);
  assert.equal(four.spec.containers[0]?.env, three.spec.containers[0]?.env);
  assert.equal(four.spec.tolerations, three.spec.tolerations);
});
