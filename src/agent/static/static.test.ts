import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { annotations, isStaticPod } from './annotations.ts';
import { readManifest } from './manifest.ts';
import { planMirror } from './plan.ts';

const source = {
  path: '/manifests/web.yaml',
  nodeName: 'node1',
  seen: '2026-01-01T00:00:00Z',
  digest: (text: string) => `d${text.length}`,
};
const manifest = (spec: object, metadata: object = { name: 'web' }): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'c', image: 'busybox:1' }], ...spec } });

test('a manifest becomes a pod of this node, with defaults', () => {
  const [pod] = readManifest(
    'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: c, image: "busybox:1"}]}\n',
    source,
  );
  assert.equal(pod?.metadata.name, 'web-node1');
  assert.equal(pod.metadata.namespace, 'default');
  assert.equal(pod.spec.nodeName, 'node1');
  assert.equal(pod.spec.restartPolicy, 'Always');
  assert.equal(pod.status.phase, 'Pending');
  assert.deepEqual(pod.spec.tolerations, [{ operator: 'Exists', effect: 'NoExecute' }]);
  assert.equal(pod.metadata.annotations?.[annotations.hash], pod.metadata.uid);
  assert.equal(pod.metadata.annotations?.[annotations.source], 'file');
  assert.ok(isStaticPod(pod));
});

test('the uid follows what the manifest says, unless it names one', () => {
  const uid = (text: string): string | undefined => readManifest(text, source)[0]?.metadata.uid;
  assert.equal(uid(manifest({})), uid(manifest({})));
  assert.notEqual(uid(manifest({})), uid(manifest({ hostNetwork: true })));
  assert.equal(uid(manifest({}, { name: 'web', uid: 'mine' })), 'mine');
});

test('a list holds several pods', () => {
  const items = ['a', 'b'].map((name) => JSON.parse(manifest({}, { name })) as unknown);
  const pods = readManifest(JSON.stringify({ apiVersion: 'v1', kind: 'PodList', items }), source);
  assert.deepEqual(
    pods.map((pod) => pod.metadata.name),
    ['a-node1', 'b-node1'],
  );
});

const volume = (more: object): object => ({ volumes: [{ name: 'v', ...more }] });
const refused: readonly (readonly [string, string, RegExp])[] = [
  ['another kind', '{"apiVersion":"v1","kind":"Service"}', /couldn't parse as pod/],
  ['no object', '- a', /couldn't parse as pod/],
  ['no name', manifest({}, {}), /name is needed for the pod/],
  ['an unknown field', manifest({ wrong: 1 }), /strict decoding error: unknown field "spec.wrong"/],
  ['an invalid pod', manifest({ containers: [] }), /^Error: invalid pod: spec.containers: Required value$/],
  ['a service account', manifest({ serviceAccountName: 'x' }), /static pods may not reference serviceaccounts/],
  ['a ConfigMap', manifest(volume({ configMap: { name: 'x' } })), /static pods may not reference configmaps/],
  ['a Secret', manifest(volume({ secret: { secretName: 'x' } })), /static pods may not reference secrets/],
  ['a pull secret', manifest({ imagePullSecrets: [{ name: 'x' }] }), /static pods may not reference secrets/],
  ['a claim', manifest(volume({ persistentVolumeClaim: { claimName: 'x' } })), /static pods may not reference persistentvolumeclaims/],
];
for (const [name, text, problem] of refused) test(`refused: ${name}`, () => assert.throws(() => readManifest(text, source), problem));

test('a mirror is made, replaced when it shows another version or is being deleted, and goes with its pod', () => {
  const [pod] = readManifest(manifest({}), source);
  assert.ok(pod);
  const mirror = (hash: string, more: object = {}): Pod => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: { [annotations.mirror]: hash }, ...more },
  });
  const right = mirror(pod.metadata.uid ?? '');
  assert.equal(planMirror(pod, undefined, true), 'create');
  assert.equal(planMirror(pod, right, true), 'keep');
  assert.equal(planMirror(pod, mirror('old'), true), 'delete');
  assert.equal(planMirror(pod, mirror(pod.metadata.uid ?? '', { deletionTimestamp: '2026-01-01T00:00:00Z' }), true), 'delete');
  assert.equal(planMirror(undefined, right, true), 'delete');
  // Before the files were read nobody knows which mirrors have lost their pod.
  assert.equal(planMirror(undefined, right, false), 'keep');
});
