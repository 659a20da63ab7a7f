// Conformance of storage: the keys of ConfigMaps and Secrets as files, each in a volume of its own kind and projected.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMaps, Namespaces, Secrets } from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { inSpace, looksAt, mounted, type Space } from '../support.ts';
import { cluster } from './cluster.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const values = { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' };

interface Modes {
  readonly items?: readonly object[];
  readonly defaultMode?: number;
}

/** A file of a volume with these modes, and how it is expected to be. */
interface Case {
  readonly modes?: Modes;
  readonly mode: string;
  readonly file?: string;
}

interface Source {
  readonly title: string;
  readonly kind: 'ConfigMap' | 'Secret';
  readonly volume: (modes?: Modes) => object;
}

const mapping = { key: 'data-2', path: 'path/to/data-2' };
const mapped = mapping.path;
/** Who looks at which files: containers of pods with and without a group of their volumes. */
const looks: readonly { title: string; fsGroup?: number; who: Readonly<Record<string, { runAsUser?: number; cases: readonly Case[] }>> }[] =
  [
    {
      title: 'for root and for a user',
      who: {
        root: {
          cases: [
            { mode: '-rw-r--r--' },
            { mode: '-rw-r--r--' },
            { modes: { defaultMode: 0o400 }, mode: '-r--------' },
            { modes: { items: [mapping] }, mode: '-rw-r--r--', file: mapped },
            { modes: { items: [{ ...mapping, mode: 0o400 }] }, mode: '-r--------', file: mapped },
          ],
        },
        user: { runAsUser: 1000, cases: [{ mode: '-rw-r--r--' }, { modes: { items: [mapping] }, mode: '-rw-r--r--', file: mapped }] },
      },
    },
    {
      title: 'for a user with an fsGroup',
      fsGroup: 1001,
      who: {
        user: {
          runAsUser: 1000,
          cases: [
            { modes: { defaultMode: 0o440 }, mode: '-r--r-----' },
            { modes: { items: [mapping] }, mode: '-rw-r--r--', file: mapped },
          ],
        },
      },
    },
  ];

const sources: readonly Source[] = [
  {
    // Conformance: [sig-storage] ConfigMap should be consumable in multiple volumes in the same pod [NodeConformance] [Conformance]
    // Conformance: [sig-storage] ConfigMap should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] ConfigMap should be consumable from pods in volume with mappings and Item mode set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] ConfigMap should be consumable from pods in volume with mappings as non-root [NodeConformance] [Conformance]
    title: 'configMap',
    kind: 'ConfigMap',
    volume: (modes) => ({ configMap: { name: 'object', ...modes } }),
  },
  {
    // Conformance: [sig-storage] Secrets should be consumable from pods in volume [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Secrets should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Secrets should be consumable from pods in volume with mappings [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Secrets should be consumable from pods in volume with mappings and Item Mode set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Secrets should be consumable in multiple volumes in a pod [NodeConformance] [Conformance]
    title: 'secret',
    kind: 'Secret',
    volume: (modes) => ({ secret: { secretName: 'object', ...modes } }),
  },
  {
    // Conformance: [sig-storage] Projected configMap should be consumable from pods in volume [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected configMap should be consumable from pods in volume as non-root [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected configMap should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected configMap should be consumable from pods in volume with mappings and Item mode set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected configMap should be consumable from pods in volume with mappings as non-root [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected configMap should be consumable in multiple volumes in the same pod [NodeConformance] [Conformance]
    title: 'projected configMap',
    kind: 'ConfigMap',
    volume: ({ items, defaultMode } = {}) => ({ projected: { defaultMode, sources: [{ configMap: { name: 'object', items } }] } }),
  },
  {
    // Conformance: [sig-storage] Projected secret should be consumable from pods in volume [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected secret should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected secret should be consumable from pods in volume as non-root with defaultMode and fsGroup set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected secret should be consumable from pods in volume with mappings [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected secret should be consumable from pods in volume with mappings and Item Mode set [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected secret should be consumable in multiple volumes in a pod [NodeConformance] [Conformance]
    title: 'projected secret',
    kind: 'Secret',
    volume: ({ items, defaultMode } = {}) => ({ projected: { defaultMode, sources: [{ secret: { name: 'object', items } }] } }),
  },
];

async function createObject({ create }: Space, kind: 'ConfigMap' | 'Secret'): Promise<void> {
  if (kind === 'ConfigMap') await create(ConfigMaps, { metadata: { name: 'object' }, data: values });
  else await create(Secrets, { metadata: { name: 'object' }, stringData: values });
}

const flags = ['--file_content={}', '--file_mode={}'];

export function objects(): void {
  for (const { title, kind, volume } of sources) {
    for (const { title: forWhom, fsGroup, who } of looks) {
      test(`keys in volumes of kind ${title} are as they are to be, ${forWhom}`, () =>
        inSpace(cluster, async (space) => {
          await createObject(space, kind);
          const volumes: object[] = [];
          const containers = Object.entries(who).map(([name, { runAsUser, cases }]) => {
            const mounts = cases.map(({ modes, file = 'data-1' }, n) => {
              volumes.push({ name: `${name}-${n}`, ...volume(modes) });
              return { name: `${name}-${n}`, mountPath: `/etc/volume-${n}`, file: `/etc/volume-${n}/${file}` };
            });
            const volumeMounts = mounts.map(({ name: mount, mountPath }) => ({ name: mount, mountPath, readOnly: true }));
            const looking = looksAt(
              mounts.map(({ file }) => file),
              ...flags,
            );
            return [name, { ...looking, volumeMounts, securityContext: { runAsUser } }] as const;
          });
          const said = await space.outputs('p', Object.fromEntries(containers), { volumes, securityContext: { fsGroup } });
          for (const [name, { cases }] of Object.entries(who)) {
            for (const [n, { mode, file = 'data-1' }] of cases.entries()) {
              const path = `/etc/volume-${n}/${file}`;
              const content = file.endsWith('2') ? 'value-2' : 'value-1';
              const text = said[name] ?? '';
              assert.ok(text.includes(`content of file "${path}": ${content}\n`), text);
              assert.ok(text.includes(`mode of file "${path}": ${mode}\n`), text);
            }
          }
        }));
    }
  }

  // Conformance: [sig-storage] Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace [NodeConformance] [Conformance]
  test('a Secret of the same name in another namespace is another Secret', () =>
    inSpace(cluster, async (space) => {
      const other = `${space.namespace}-other`;
      await cluster.client.resource(Namespaces).create({ metadata: { name: other } });
      const wrong = { metadata: { name: 'object' }, data: { 'data-1': base64('wrong') } };
      await cluster.client.resource(Secrets).create(wrong, { namespace: other });
      await createObject(space, 'Secret');
      const path = '/etc/volume/data-1';
      const container = looksAt([path], ...flags);
      const said = await space.output(mounted('p', { secret: { secretName: 'object' } }, { at: '/etc/volume', container }));
      assert.ok(said.includes(`content of file "${path}": value-1\n`), said);
      await cluster.client.resource(Namespaces).delete(other);
    }));

  test('ConfigMap, Secret and fields of the pod in one volume', () =>
    inSpace(cluster, async ({ create, output }) => {
      await create(ConfigMaps, { metadata: { name: 'c' }, data: { 'configmap-data': 'configmap-value-1' } });
      await create(Secrets, { metadata: { name: 's' }, stringData: { 'secret-data': 'secret-value-1' } });
      const projections = [
        { downwardAPI: { items: [{ path: 'podname', fieldRef: { fieldPath: 'metadata.name' } }] } },
        { secret: { name: 's', items: [{ key: 'secret-data', path: 'secret-data' }] } },
        { configMap: { name: 'c', items: [{ key: 'configmap-data', path: 'configmap-data' }] } },
      ];
      const container = { command: ['sh', '-c', 'cat /all/podname /all/secret-data /all/configmap-data'] };
      const said = await output(mounted('p', { projected: { sources: projections } }, { at: '/all', container }));
      assert.equal(said, 'psecret-value-1configmap-value-1');
    }));

  for (const [what, ref] of [
    ['ConfigMap', ConfigMaps],
    ['Secret', Secrets],
  ] as const) {
    test(`an immutable ${what} stays as it is`, () =>
      inSpace(cluster, async ({ namespace, create, get, of, remove }) => {
        const data = what === 'ConfigMap' ? (text: string): string => text : base64;
        await create(ref as typeof ConfigMaps, { metadata: { name: 'i' }, data: { a: data('1') } });
        const replace = async (change: object): Promise<unknown> => {
          const now = await get(ref as typeof ConfigMaps, 'i');
          return await of(ref as typeof ConfigMaps).update({ ...now, ...change }, { namespace });
        };
        const invalid = (error: unknown): boolean => error instanceof StatusError && error.status.code === 422;
        await replace({ data: { a: data('2') } });
        await replace({ immutable: true });
        await assert.rejects(replace({ data: { a: data('3') } }), invalid);
        await assert.rejects(replace({ immutable: false }), invalid);
        await replace({ metadata: { ...(await get(ref as typeof ConfigMaps, 'i')).metadata, labels: { l: 'v' } } });
        await remove(ref as typeof ConfigMaps, 'i');
      }));
  }
}
