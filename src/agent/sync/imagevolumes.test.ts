import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { imageMounts, imageVolumesOf } from './imagevolumes.ts';

const pod = {
  metadata: { name: 'p' },
  spec: {
    containers: [],
    volumes: [
      { name: 'model', image: { reference: 'registry.io/model:1' } },
      { name: 'unnamed', image: {} },
      { name: 'disk', emptyDir: {} },
    ],
  },
} as unknown as Pod;
const container = {
  name: 'c',
  volumeMounts: ['model', 'unnamed', 'disk', 'model'].map((name, index) => ({
    name,
    mountPath: `/${index}`,
    ...(index === 3 ? { subPath: 'part' } : {}),
  })),
};

test('image volumes of a container, and their mounts: read-only, by what the runtime calls the image', () => {
  assert.deepEqual(
    imageVolumesOf(pod, container).map(({ name }) => name),
    ['model'],
  );
  const image = { image: 'sha256:1', userSpecifiedImage: 'registry.io/model:1' };
  assert.deepEqual(imageMounts(pod, container, new Map([['model', 'sha256:1']])), [
    { containerPath: '/0', hostPath: '', readonly: true, image },
    { containerPath: '/3', hostPath: '', readonly: true, image, imageSubPath: 'part' },
  ]);
});
