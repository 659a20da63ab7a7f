import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pod } from '#api/core/v1/pod.ts';
import { ConfigMap } from '#api/core/v1/configmap.ts';
import { shapeOfStruct } from '#merge/shape.ts';
import { sameFields } from './creatememo.ts';

const pod = (image: string, more: object = {}) => ({ spec: { containers: [{ name: 'c', image, ...more }] } });

describe('sameFields', () => {
  const same = (a: unknown, b: unknown) => sameFields(a, b, shapeOfStruct(Pod));

  it('ignores values', () => {
    assert.ok(same(pod('a'), pod('b')));
    assert.ok(sameFields({ data: { k: '1' } }, { data: { k: '2' } }, shapeOfStruct(ConfigMap)));
  });
  it('sees other fields, keys and items', () => {
    assert.ok(!same(pod('a'), pod('a', { tty: true })));
    assert.ok(!same(pod('a'), { spec: { containers: [{ name: 'd', image: 'a' }] } }));
    assert.ok(!same(pod('a'), { spec: { containers: [...pod('a').spec.containers, { name: 'd', image: 'a' }] } }));
    assert.ok(!sameFields({ data: { k: '1' } }, { data: { l: '1' } }, shapeOfStruct(ConfigMap)));
    assert.ok(!same(pod('a', { resources: {} }), pod('a', { resources: { limits: { cpu: '1' } } })));
  });
  it('tells zero values from others', () => {
    assert.ok(!same(pod('a', { stdin: false }), pod('a', { stdin: true })));
    assert.ok(!same(pod(''), pod('a')));
  });
});
