import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messages } from './messages.ts';
import { defineMessages } from '#format/protomessages.ts';

/** Reads `a.b.0.c` from a decoded value. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce((inner: unknown, key) => (inner as Record<string, unknown>)[key], value);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('scalars, nested messages, lists and maps round-trip', () => {
  const config = {
    metadata: { name: 'app', attempt: 3 },
    image: { image: 'a/b:1', annotations: {}, userSpecifiedImage: '', runtimeHandler: '' },
    envs: [{ key: 'A', value: 'ä' }],
    labels: { x: '', y: 'z' },
    mounts: [{ containerPath: '/c', hostPath: '/h', readonly: true, propagation: 'PROPAGATION_BIDIRECTIONAL' }],
    linux: {
      resources: { cpuQuota: -1, memoryLimitInBytes: 2 ** 40, oomScoreAdj: 1000 },
      securityContext: { runAsUser: 0, supplementalGroups: [1, 2000], namespaceOptions: { pid: 'CONTAINER' } },
    },
  };
  const back = messages.ContainerConfig.decode(messages.ContainerConfig.encode(config));
  assert.deepEqual(back.metadata, config.metadata);
  assert.deepEqual(back.envs, config.envs);
  assert.deepEqual(back.labels, config.labels);
  assert.equal(at(back, 'mounts.0.propagation'), 'PROPAGATION_BIDIRECTIONAL');
  assert.equal(at(back, 'linux.resources.cpuQuota'), -1);
  assert.equal(at(back, 'linux.resources.memoryLimitInBytes'), 2 ** 40);
  assert.equal(at(back, 'linux.securityContext.runAsUser'), 0);
  assert.equal(at(back, 'linux.securityContext.runAsGroup'), undefined);
  assert.deepEqual(at(back, 'linux.securityContext.supplementalGroups'), [1, 2000]);
  assert.equal(at(back, 'linux.securityContext.namespaceOptions.pid'), 'CONTAINER');
  assert.equal(at(back, 'linux.securityContext.namespaceOptions.network'), 'POD');
});

test('the bytes are those of protobuf', () => {
  const { M } = defineMessages({ M: 'a=1:int32 b=2 c=3:[int64] d=4:int64? e=5:nanos', N: '' });
  assert.equal(hex(M.encode({ a: 150, b: 'testing' })), '089601120774657374696e67');
  assert.equal(hex(M.encode({ a: -1 })), '08ffffffffffffffffff01');
  assert.equal(hex(M.encode({ c: [3, 270] })), '1a03038e02');
  assert.equal(hex(M.encode({ d: 0 })), '2200');
  assert.equal(hex(M.encode({ a: 0, b: '', c: [] })), '');
  assert.equal(M.decode(M.encode({ e: 1_700_000_000_123 })).e, 1_700_000_000_123);
});

test('decoding skips unknown fields and reads unpacked lists', () => {
  const { Wide, Narrow } = defineMessages({ Wide: 'a=1:[int32] x=7 y=9:int64 b=2', Narrow: 'a=1:[int32] b=2' });
  assert.deepEqual(Narrow.decode(Wide.encode({ a: [1], x: 'x', y: 5, b: 'b' })), { a: [1], b: 'b' });
  assert.deepEqual(Narrow.decode(Buffer.from('08010802', 'hex')).a, [1, 2]);
});

test('truncated bytes are an error', () => {
  assert.throws(() => messages.VersionResponse.decode(Buffer.from('0a05616263', 'hex')), /ends inside/);
  assert.throws(() => messages.VersionResponse.decode(Buffer.from('80', 'hex')), /ends inside/);
});
