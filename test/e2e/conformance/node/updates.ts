// Conformance of storage: changes of objects reach the files of pods that run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMaps, Pods, Secrets } from '#api/refs.ts';
import type { Draft } from '#api/object.ts';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import { until as wait } from '../../../support/until.ts';
import { agnhost, inSpace, isReady, mounted, pod, shell, type Space } from '../support.ts';
import { cluster } from './cluster.ts';

const merge = { type: 'merge' } as const;
/** mounttest that reads a file over and over. */
const follows = (path: string): { args: string[] } => ({
  args: ['mounttest', '--break_on_expected_content=false', '--retry_time=600', `--file_content_in_loop=${path}`],
});

async function said(space: Space, text: string, container = 'main'): Promise<void> {
  await space.until(Pods, 'p', ({ status }) => status?.phase === 'Running');
  let log = '';
  try {
    await wait(`"${text}" in the log of ${container}`, async () => (log = await space.logs('p', container)).includes(text));
  } catch (error) {
    throw new Error(`the log of ${container}: ${log}`, { cause: error });
  }
}

/** ConfigMaps and Secrets are written the same way but for the encoding. */
const kinds = {
  ConfigMap: { ref: ConfigMaps, data: (text: string) => text },
  Secret: { ref: Secrets as unknown as typeof ConfigMaps, data: (text: string) => Buffer.from(text).toString('base64') },
};
const volumes: Readonly<Record<string, { kind: keyof typeof kinds; volume: (name: string, rules?: object) => object }>> = {
  configMap: { kind: 'ConfigMap', volume: (name, rules) => ({ configMap: { name, ...rules } }) },
  secret: { kind: 'Secret', volume: (secretName, rules) => ({ secret: { secretName, ...rules } }) },
  'projected configMap': { kind: 'ConfigMap', volume: (name, rules) => ({ projected: { sources: [{ configMap: { name, ...rules } }] } }) },
  'projected secret': { kind: 'Secret', volume: (name, rules) => ({ projected: { sources: [{ secret: { name, ...rules } }] } }) },
};

export function updates(): void {
  for (const [name, { kind, volume }] of Object.entries(volumes)) {
    const { ref, data } = kinds[kind];
    const object = (called: string, values: Record<string, string>): Draft<ConfigMap> => ({
      metadata: { name: called },
      data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, data(value)])),
    });
    // Conformance: [sig-storage] ConfigMap updates should be reflected in volume [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected configMap updates should be reflected in volume [NodeConformance] [Conformance]
    test(`a changed value is seen: ${name}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(ref, object('o', { 'data-1': 'value-1' }));
        await space.create(
          Pods,
          mounted('p', volume('o'), { at: '/etc/v', mount: { readOnly: true }, container: follows('/etc/v/data-1') }),
        );
        await said(space, 'value-1');
        const change = { data: { 'data-1': data('value-2') } };
        await space.of(ref).patch('o', change, { ...merge, namespace: space.namespace });
        await said(space, 'value-2');
      }));

    // Conformance: [sig-storage] Secrets optional updates should be reflected in volume [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected configMap optional updates should be reflected in volume [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected secret optional updates should be reflected in volume [NodeConformance] [Conformance]
    test(`what is optional may come, change and go: ${name}`, () =>
      inSpace(cluster, async (space) => {
        const optional = { optional: true };
        await space.create(ref, object('del', { 'data-1': 'value-1' }));
        await space.create(ref, object('upd', { 'data-1': 'value-1' }));
        const parts = { del: 'data-1', upd: 'data-3', create: 'data-1' };
        const containers = Object.entries(parts).map(([part, key]) => ({
          name: part,
          image: agnhost,
          ...follows(`/etc/v/${part}/${key}`),
          volumeMounts: [{ name: part, mountPath: `/etc/v/${part}`, readOnly: true }],
        }));
        const spec = { containers, volumes: Object.keys(parts).map((part) => ({ name: part, ...volume(part, optional) })) };
        await space.create(Pods, pod('p', {}, { spec }));
        await space.until(Pods, 'p', isReady);
        await said(space, 'Error reading file /etc/v/create/data-1', 'create');
        await said(space, 'Error reading file /etc/v/upd/data-3', 'upd');
        await said(space, 'value-1', 'del');
        await space.remove(ref, 'del');
        const change = { data: { 'data-1': null, 'data-3': data('value-3') } };
        await space.of(ref).patch('upd', change, { ...merge, namespace: space.namespace });
        await space.create(ref, object('create', { 'data-1': 'value-1' }));
        await said(space, 'value-1', 'create');
        await said(space, 'value-3', 'upd');
        await said(space, 'Error reading file /etc/v/del/data-1', 'del');
      }));
  }

  // Conformance: [sig-storage] ConfigMap binary data should be reflected in volume [NodeConformance] [Conformance]
  test('text and binary data', () =>
    inSpace(cluster, async ({ create, output }) => {
      const bytes = Buffer.from('decafebad0feff', 'hex').toString('base64');
      await create(ConfigMaps, { metadata: { name: 'o' }, data: { 'data-1': 'value-1' }, binaryData: { 'dump.bin': bytes } });
      const container = shell('cat /etc/v/data-1; hexdump -C /etc/v/dump.bin');
      assert.match(await output(mounted('p', { configMap: { name: 'o' } }, { at: '/etc/v', container })), /^value-1.*de ca fe ba d0 fe ff/);
    }));

  for (const { title, volume } of [
    { title: 'downwardAPI', volume: (items: object[]) => ({ downwardAPI: { items } }) },
    {
      // Conformance: [sig-storage] Projected downwardAPI should update annotations on modification [NodeConformance] [Conformance]
      // Conformance: [sig-storage] Projected downwardAPI should update labels on modification [NodeConformance] [Conformance]
      title: 'projected downwardAPI',
      volume: (items: object[]) => ({ projected: { sources: [{ downwardAPI: { items } }] } }),
    },
  ]) {
    test(`labels and annotations of the pod: ${title}`, () =>
      inSpace(cluster, async (space) => {
        const kinds = ['labels', 'annotations'];
        const items = kinds.map((path) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } }));
        const container = shell('while :; do cd /etc/podinfo; cat labels; echo; echo --; cat annotations; echo; sleep 1; done');
        const both = (values: object): object => Object.fromEntries(kinds.map((kind) => [kind, values]));
        const made = mounted('p', volume(items), { at: '/etc/podinfo', container });
        await space.create(Pods, { ...made, metadata: { name: 'p', ...both({ key1: 'value1', key2: 'value2' }) } });
        const first = 'key1="value1"\nkey2="value2"\n';
        await said(space, `${first}--\n${first}`);
        await space.of(Pods).patch('p', { metadata: both({ key2: 'changed', key3: 'value3' }) }, { ...merge, namespace: space.namespace });
        const second = 'key1="value1"\nkey2="changed"\nkey3="value3"\n';
        await said(space, `${second}--\n${second}`);
      }));
  }
}
