import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { World } from '#base/world.ts';
import type { RuntimeImage } from '../runtime.ts';
import { PullManager } from './manager.ts';
import { pullMetrics } from './metrics.ts';
import { ImagePuller } from './puller.ts';
import type { PullSecret } from './records.ts';
import type { Verification } from './verification.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const fileOf = (folder: 'pulling' | 'pulled', key: string): string => `/m/${folder}/sha256-${sha256(key)}`;

/** A disk in memory, on which writing can fail, and the images of a runtime. */
function machine() {
  const files = new Map<string, string>();
  const state = { now: Date.UTC(2026, 0, 1), broken: false, images: [] as RuntimeImage[], warnings: 0 };
  const fs = {
    mkdir: () => Promise.resolve(),
    list: (folder: string) =>
      Promise.resolve([...files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1))),
    readText: (path: string) => Promise.resolve(files.get(path) ?? ''),
    write: (path: string, text: string) => {
      if (state.broken) return Promise.reject(new Error('no space'));
      files.set(path, text);
      return Promise.resolve();
    },
    remove: (path: string) => Promise.resolve(void files.delete(path)),
  };
  const log = { warn: () => void state.warnings++, error: () => undefined };
  const world = { fs, log, digest: { sha256 }, clock: { now: () => state.now } } as unknown as World;
  const start = (policy: Verification['policy'] = 'NeverVerifyPreloadedImages') =>
    PullManager.start({
      world,
      directory: '/m',
      verification: { policy, allowlist: [] },
      runtime: { listImages: () => Promise.resolve(state.images) },
    });
  return { files, state, start };
}

const image = (id: string, ...repoTags: string[]): RuntimeImage => ({
  id,
  repoTags,
  repoDigests: [],
  size: 1,
  username: '',
  pinned: false,
});
const secret = (name: string, credentialHash: string): PullSecret => ({ uid: `uid-${name}`, namespace: 'd', name, credentialHash });
const nobody = () => Promise.resolve({ secrets: [] });
const unasked = () => Promise.reject(new Error('nobody should ask for credentials'));
const having =
  (...secrets: PullSecret[]) =>
  () =>
    Promise.resolve({ secrets });

test('an image that nobody has pulled here is for all; one that was pulled with a secret, for those who have it', async () => {
  const { start, files } = machine();
  const manager = await start();
  assert.equal(await manager.mustPull('r.io/a:1', 'sha256:1', unasked), false);
  await manager.begins('r.io/a:1');
  assert.ok(files.has(fileOf('pulling', 'r.io/a:1')));
  assert.equal(await manager.mustPull('r.io/a:1', 'sha256:1', unasked), true, 'while it is being pulled');
  assert.equal(await manager.mustPull('docker.io/r/b:1', 'sha256:2', unasked), false);
  await manager.pulled('r.io/a:1', 'sha256:1', { kubernetesSecrets: [secret('a', '1')] });
  assert.deepEqual([...files.keys()], [fileOf('pulled', 'sha256:1')]);
  assert.equal(await manager.mustPull('r.io/a:1', 'sha256:1', nobody), true);
  assert.equal(await manager.mustPull('r.io/a:2', 'sha256:1', having(secret('b', '1'))), false);
  assert.equal(await manager.mustPull('r.io/other:1', 'sha256:1', unasked), true, 'by another name it was never pulled');
  // The other secret was noted: when its credentials change, it is still known. So it is to the next agent.
  const next = await start();
  assert.equal(await next.mustPull('r.io/a:1', 'sha256:1', having(secret('b', '2'))), false);
  assert.equal(await next.mustPull('r.io/a:1', 'sha256:1', having(secret('c', '3'))), true);
  assert.deepEqual(manager.sizes, { intents: 0, records: 1 });
});

test('a pull that fails leaves nothing; two of the same image are counted', async () => {
  const { start, files } = machine();
  const manager = await start();
  await Promise.all([manager.begins('r.io/a:1'), manager.begins('r.io/a:1')]);
  await manager.failed('r.io/a:1');
  assert.equal(files.size, 1);
  await manager.failed('r.io/a:1');
  assert.equal(files.size, 0);
  assert.equal(await manager.mustPull('r.io/a:1', 'sha256:1', unasked), false);
});

test('an agent that dies between pull and record: nobody may use the image without showing credentials', async () => {
  const { start, files, state } = machine();
  const before = await start();
  await before.begins('busybox:1');
  await before.begins('r.io/gone:1');
  state.images = [image('sha256:1', 'docker.io/library/busybox:1')];
  const manager = await start();
  assert.deepEqual([...files.keys()].sort(), [fileOf('pulled', 'sha256:1'), fileOf('pulling', 'r.io/gone:1')].sort());
  assert.equal(await manager.mustPull('busybox:1', 'sha256:1', unasked), true);
  assert.equal(await manager.mustPull('r.io/gone:1', 'sha256:2', unasked), true, 'it may have come after all');
  await manager.begins('busybox:1');
  await manager.pulled('busybox:1', 'sha256:1', { nodePodsAccessible: true });
  assert.equal(await manager.mustPull('busybox:1', 'sha256:1', unasked), false);
});

test('a disk that is full: pulls do not begin, and one that has begun stays marked', async () => {
  const { start, files, state } = machine();
  const manager = await start();
  await manager.begins('r.io/a:1');
  state.broken = true;
  await assert.rejects(manager.begins('r.io/b:1'), /no space/);
  await manager.pulled('r.io/a:1', 'sha256:1', { nodePodsAccessible: true });
  assert.deepEqual([...files.keys()], [fileOf('pulling', 'r.io/a:1')]);
  assert.equal(await manager.mustPull('r.io/a:1', 'sha256:1', unasked), true);
});

test('files that nobody can read, and those that are not ours', async () => {
  const { start, files, state } = machine();
  files.set(fileOf('pulled', 'sha256:1'), 'no record');
  files.set(fileOf('pulling', 'r.io/b:1'), 'no intent');
  files.set('/m/pulled/notes.txt', 'left alone');
  files.set('/m/pulled/sha256-1.tmp', 'half');
  const manager = await start();
  assert.equal(state.warnings, 2);
  assert.equal(await manager.mustPull('r.io/a:1', 'sha256:1', unasked), true);
  assert.equal(await manager.mustPull('r.io/b:1', 'sha256:2', unasked), true);
  // A pull that succeeds writes them anew.
  await manager.begins('r.io/a:1');
  await manager.pulled('r.io/a:1', 'sha256:1', { nodePodsAccessible: true });
  assert.equal(await manager.mustPull('r.io/a:1', 'sha256:1', unasked), false);
  assert.match(files.get(fileOf('pulled', 'sha256:1')) ?? '', /"kind":"ImagePulledRecord","apiVersion":"kubelet.config.k8s.io\/v1beta1"/);
  assert.equal(files.get('/m/pulled/notes.txt'), 'left alone');
});

test('records go with their images, but not those of images that came meanwhile', async () => {
  const { start, state, files } = machine();
  const manager = await start();
  const pulled = async (id: string): Promise<void> => {
    await manager.begins(`r.io/${id}`);
    await manager.pulled(`r.io/${id}`, id, { nodePodsAccessible: true });
  };
  await pulled('kept');
  await pulled('gone');
  state.now += 10_000;
  const looked = state.now;
  state.now += 100;
  await pulled('new');
  await manager.prune([{ id: 'kept' }], looked);
  assert.deepEqual([...files.keys()].sort(), [fileOf('pulled', 'kept'), fileOf('pulled', 'new')].sort());
  assert.equal(manager.sizes.records, 2);
});

test('what was decided is counted', async () => {
  const { start } = machine();
  const manager = await start();
  await manager.mustPull('r.io/a:1', 'sha256:1', unasked);
  await manager.begins('r.io/a:1');
  await manager.pulled('r.io/a:1', 'sha256:1', { kubernetesSecrets: [secret('a', '1')] });
  await manager.mustPull('r.io/a:1', 'sha256:1', having(secret('a', '1')));
  await manager.mustPull('r.io/a:1', 'sha256:1', nobody);
  await assert.rejects(manager.mustPull('r.io/a:1', 'sha256:1', unasked));
  const request = { pull_policy: 'never', present_locally: 'true', pull_required: 'false' } as const;
  const puller = new ImagePuller({ monotonic: () => 0 }, { qps: 0, burst: 0 });
  for (const bytes of [0, 9 * 1024 ** 2, 10 * 1024 ** 2, 200 * 1024 ** 3]) puller.took(bytes, 4_000);
  for (let i = 0; i < 3; i++) puller.count(request);
  const text = pullMetrics(puller, manager);
  for (const line of [
    'kubelet_image_manager_ensure_image_requests_total{pull_policy="never",present_locally="true",pull_required="false"} 3',
    ...['N/A', '0-10MB', '10MB-100MB', 'GT100GB'].map(
      (size) => `kubelet_image_pull_duration_seconds_bucket{image_size_in_bytes="${size}",le="5"} 1`,
    ),
    'kubelet_image_pull_duration_seconds_sum{image_size_in_bytes="0-10MB"} 4',
    'kubelet_imagemanager_ondisk_pullintents 0',
    'kubelet_imagemanager_ondisk_pulledrecords 1',
    ...['credentialPolicyAllowed', 'credentialRecordFound', 'mustAuthenticate', 'error'].map(
      (result) => `kubelet_imagemanager_image_mustpull_checks_total{result="${result}"} 1`,
    ),
  ]) {
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
  }
});
