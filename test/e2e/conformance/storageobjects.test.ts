// Conformance of storage: ConfigMaps, Secrets and fields of the pod as files, each in a volume of its own kind and projected.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ConfigMaps, Namespaces, Nodes, Secrets } from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { quantityValue } from '#format/quantity.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { inSpace, mounted, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const values = { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' };
const dir = '/etc/volume';

interface Modes {
  readonly items?: readonly object[];
  readonly defaultMode?: number;
}

/** The four volumes that show the keys of one object. */
const sources: Readonly<Record<string, { kind: 'ConfigMap' | 'Secret'; volume: (modes?: Modes) => object }>> = {
  configMap: { kind: 'ConfigMap', volume: (modes) => ({ configMap: { name: 'object', ...modes } }) },
  secret: { kind: 'Secret', volume: (modes) => ({ secret: { secretName: 'object', ...modes } }) },
  'projected configMap': {
    kind: 'ConfigMap',
    volume: ({ items, defaultMode } = {}) => ({ projected: { defaultMode, sources: [{ configMap: { name: 'object', items } }] } }),
  },
  'projected secret': {
    kind: 'Secret',
    volume: ({ items, defaultMode } = {}) => ({ projected: { defaultMode, sources: [{ secret: { name: 'object', items } }] } }),
  },
};

async function createObject({ create }: Space, kind: 'ConfigMap' | 'Secret'): Promise<void> {
  if (kind === 'ConfigMap') await create(ConfigMaps, { metadata: { name: 'object' }, data: values });
  else await create(Secrets, { metadata: { name: 'object' }, stringData: values });
}

const looksAt = (path: string): { args: string[] } => ({ args: ['mounttest', `--file_content=${path}`, `--file_mode=${path}`] });
const plain = { spec: {} };
const user = { spec: { securityContext: { runAsUser: 1000 } } };
const group = { spec: { securityContext: { runAsUser: 1000, fsGroup: 1001 } } };
const mapping = { key: 'data-2', path: 'path/to/data-2' };

const cases: readonly { what: string; modes?: Modes; pod: { spec: object }; mode: string; file?: string }[] = [
  { what: 'as they are', pod: plain, mode: '-rw-r--r--' },
  { what: 'with a default mode', modes: { defaultMode: 0o400 }, pod: plain, mode: '-r--------' },
  { what: 'as a user', pod: user, mode: '-rw-r--r--' },
  { what: 'as a user, with a default mode and an fsGroup', modes: { defaultMode: 0o440 }, pod: group, mode: '-r--r-----' },
  { what: 'under other paths', modes: { items: [mapping] }, pod: plain, mode: '-rw-r--r--', file: 'path/to/data-2' },
  {
    what: 'under other paths, as a user with an fsGroup',
    modes: { items: [mapping] },
    pod: group,
    mode: '-rw-r--r--',
    file: 'path/to/data-2',
  },
  {
    what: 'under other paths with a mode',
    modes: { items: [{ ...mapping, mode: 0o400 }] },
    pod: plain,
    mode: '-r--------',
    file: 'path/to/data-2',
  },
];

for (const [name, { kind, volume }] of Object.entries(sources)) {
  describe(`keys in a volume: ${name}`, { concurrency: 4 }, () => {
    for (const { what, modes, pod, mode, file = 'data-1' } of cases) {
      test(what, () =>
        inSpace(cluster, async (space) => {
          await createObject(space, kind);
          const path = `${dir}/${file}`;
          const about = { at: dir, mount: { readOnly: true }, container: looksAt(path), ...pod };
          const said = await space.output(mounted('p', volume(modes), about));
          assert.ok(said.includes(`content of file "${path}": ${file.endsWith('2') ? 'value-2' : 'value-1'}\n`), said);
          assert.ok(said.includes(`mode of file "${path}": ${mode}\n`), said);
        }),
      );
    }

    test('in two volumes of a pod', () =>
      inSpace(cluster, async (space) => {
        await createObject(space, kind);
        const volumes = [
          { name: 'v', ...volume() },
          { name: 'w', ...volume() },
        ];
        const volumeMounts = [
          { name: 'v', mountPath: dir, readOnly: true },
          { name: 'w', mountPath: `${dir}-2`, readOnly: true },
        ];
        const args = ['mounttest', `--file_content=${dir}/data-1`, `--file_mode=${dir}-2/data-1`];
        const said = await space.output(mounted('p', {}, { at: dir, container: { args, volumeMounts }, spec: { volumes } }));
        assert.ok(said.includes(`content of file "${dir}/data-1": value-1\n`), said);
        assert.ok(said.includes(`mode of file "${dir}-2/data-1": -rw-r--r--\n`), said);
      }));
  });
}

describe('objects', { concurrency: 4 }, () => {
  test('a Secret of the same name in another namespace is another Secret', () =>
    inSpace(cluster, async (space) => {
      const other = `${space.namespace}-other`;
      await cluster.client.resource(Namespaces).create({ metadata: { name: other } });
      const wrong = { metadata: { name: 'object' }, data: { 'data-1': base64('wrong') } };
      await cluster.client.resource(Secrets).create(wrong, { namespace: other });
      await createObject(space, 'Secret');
      const container = looksAt(`${dir}/data-1`);
      const said = await space.output(mounted('p', { secret: { secretName: 'object' } }, { at: dir, container }));
      assert.ok(said.includes(`content of file "${dir}/data-1": value-1\n`), said);
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
});

for (const [name, volume] of [
  ['downwardAPI', (items: object[], defaultMode?: number) => ({ downwardAPI: { items, defaultMode } })],
  [
    'projected downwardAPI',
    (items: object[], defaultMode?: number) => ({ projected: { sources: [{ downwardAPI: { items } }], defaultMode } }),
  ],
] as const) {
  describe(`fields of the pod in a volume: ${name}`, { concurrency: 4 }, () => {
    const path = '/etc/podinfo/file';
    const show = async (
      space: Space,
      item: object,
      more: { defaultMode?: number; container?: object; spec?: object } = {},
    ): Promise<string> => {
      const container = { name: 'client-container', ...looksAt(path), ...more.container };
      const about = { at: '/etc/podinfo', container, ...(more.spec ? { spec: more.spec } : {}) };
      // `mounted` brings the volume: a specification of ours is added to it.
      const pod = mounted('p', volume([{ path: 'file', ...item }], more.defaultMode), { at: about.at, container });
      return await space.output(more.spec ? { ...pod, spec: { ...pod.spec, ...more.spec } as typeof pod.spec } : pod);
    };
    const content = (said: string): string => /content of file "[^"]*": (.*)/.exec(said)?.[1] ?? said;
    const nameRef = { fieldRef: { fieldPath: 'metadata.name' } };
    const resource = (text: string, divisor?: string): object => ({
      resourceFieldRef: { containerName: 'client-container', resource: text, divisor },
    });
    const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };

    test('the name of the pod', () =>
      inSpace(cluster, async (space) => {
        const said = await show(space, nameRef);
        assert.equal(content(said), 'p');
        assert.ok(said.includes(`mode of file "${path}": -rw-r--r--\n`), said);
      }));
    test('a default mode', () =>
      inSpace(cluster, async (space) => {
        const said = await show(space, nameRef, { defaultMode: 0o400 });
        assert.ok(said.includes(`mode of file "${path}": -r--------\n`), said);
      }));
    test('a mode of the file', () =>
      inSpace(cluster, async (space) => {
        const said = await show(space, { ...nameRef, mode: 0o400 });
        assert.ok(said.includes(`mode of file "${path}": -r--------\n`), said);
      }));
    test('as a user with an fsGroup and a default mode', () =>
      inSpace(cluster, async (space) => {
        const said = await show(space, nameRef, { defaultMode: 0o440, spec: { securityContext: { runAsUser: 1000, fsGroup: 1234 } } });
        assert.equal(content(said), 'p');
        assert.ok(said.includes(`mode of file "${path}": -r--r-----\n`), said);
      }));
    for (const [what, text] of [
      ['limits.cpu', '2'],
      ['limits.memory', '67108864'],
      ['requests.cpu', '1'],
      ['requests.memory', '33554432'],
    ] as const) {
      test(`${what} of the container`, () =>
        inSpace(cluster, async (space) => {
          assert.equal(content(await show(space, resource(what), { container: { resources } })), text);
        }));
    }
    for (const what of ['cpu', 'memory'] as const) {
      test(`without a limit, what the node can give: ${what}`, () =>
        inSpace(cluster, async (space) => {
          const node = await cluster.client.resource(Nodes).get(cluster.nodeName);
          const said = content(await show(space, resource(`limits.${what}`)));
          assert.equal(said, String(quantityValue(node.status?.allocatable?.[what] ?? '')));
        }));
    }
  });
}
