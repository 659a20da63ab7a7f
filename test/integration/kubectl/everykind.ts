// Every verb of kubectl that takes any kind, on every GA kind of the tables at once: one process acts on all.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ServiceAccounts } from '#api/refs.ts';
import { withFacts } from '../../facts/facts.ts';
import { type Kubectl, kubectlFor } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench } from '../../support/kubectlbench.ts';
import { minimal } from '../../support/minimal.ts';
import { until } from '../../support/until.ts';

interface Row {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly stage: string;
  readonly schema: string;
}
interface Column {
  readonly name: string;
  readonly priority: number;
}
interface Columns {
  readonly kinds: Readonly<Record<string, readonly Column[]>>;
  readonly sameAs: Readonly<Record<string, string>>;
  readonly default: { readonly columns: readonly Column[] };
}
interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: object };
}
/** One kind, and the object of it that everything is done to. */
interface Subject {
  readonly row: Row;
  readonly object: Named;
  /** As kubectl prints it: `deployment.apps/x`. */
  readonly shown: string;
}

const namespace = 'kinds';

/**
 * Kinds that client-side apply always finds something to patch in: the server writes defaults into lists in one piece,
 * spells quantities its own way, or the field is one that patches replace.
 */
const alwaysPatched = new Set([
  'endpoints',
  'endpointslices',
  'limitranges',
  'poddisruptionbudgets',
  'resourceclaims',
  'resourceclaimtemplates',
  'resourcequotas',
  'validatingadmissionpolicies',
]);

/** Kinds that became GA in 1.33 and 1.34. */
const wasBeta = new Set(['ipaddresses', 'servicecidrs', 'volumeattributesclasses']);

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const lists = (objects: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });

function subjects(rows: readonly Row[], { version, csr }: { version: string; csr: string }): Subject[] {
  return rows.map((row) => {
    const { group, resource, kind, singular, namespaced } = row;
    const { metadata, ...fields } = minimal[`${group}/${row.version}/${resource}`] as { metadata?: { name?: string } };
    const name = metadata?.name ?? `k-${singular}-${row.version}${group === 'events.k8s.io' ? '-new' : ''}-${version.replace('.', '-')}`;
    const given = resource === 'certificatesigningrequests' ? withRequest(fields, csr) : fields;
    // What a Secret is given as text it does not give back: there would always be something to apply.
    const content = resource === 'secrets' ? { data: { a: 'Yg==' } } : given;
    const object = {
      apiVersion: group === '' ? row.version : `${group}/${row.version}`,
      kind,
      metadata: { name, labels: { by: 'k' }, ...(namespaced ? { namespace } : {}) },
      ...content,
    };
    if (resource === 'events')
      for (const about of ['involvedObject', 'regarding'])
        if (about in object) Object.assign(object, { [about]: { kind: 'Pod', name: 'x', namespace } });
    return { row, object, shown: `${singular}${group === '' ? '' : `.${group}`}/${name}` };
  });
}

/** kubectl describes what the request asks for: it must be one. */
const withRequest = (fields: object, csr: string): object => {
  const { spec } = fields as { spec: object };
  return { spec: { ...spec, request: Buffer.from(csr).toString('base64') } };
};

/** Tables that kubectl printed, by the first cell of their rows: the heads. */
function heads(text: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  let head: readonly string[] = [];
  let fresh = true;
  for (const line of text.split('\n')) {
    const cells = line.trimEnd().split(/ {2,}/);
    if (line === '') fresh = true;
    else if (fresh) {
      head = cells;
      fresh = false;
    } else found.set(cells[0] ?? '', head);
  }
  return found;
}

/** The tests for one version of kubectl. `path`: the program. */
export function testEveryKind({ version, path }: { readonly version: string; readonly path: string }): void {
  withFacts('kubectl on every kind', (load) => {
    const rows = (load('resources.json') as { resources: Row[] }).resources.filter(
      // An APIService of a server that is not there makes every discovery fail in part; it has tests of its own.
      ({ stage, verbs, resource }) => stage === 'GA' && verbs.includes('create') && verbs.includes('get') && resource !== 'apiservices',
    );
    const facts = load('printcolumns.json') as Columns;
    const columnsOf = ({ schema }: Row): readonly Column[] =>
      facts.kinds[schema] ?? facts.kinds[facts.sameAs[schema] ?? ''] ?? facts.default.columns;

    describe(`kubectl ${version} on every kind`, () => {
      let all: readonly Subject[];
      let shown: readonly string[];
      let bench: KubectlBench;
      let k: Kubectl;
      let file: string;
      let editor: string;
      before(async () => {
        bench = await startKubectlBench();
        k = kubectlFor(bench.https.kubeconfig, path, { timeout: 120_000 });
        await k.ok('create', 'namespace', namespace);
        await bench.client.resource(ServiceAccounts).create({ metadata: { name: 'default', namespace } });
        const { csr } = await bench.https.api.world.pki.createCsr({ commonName: 'k' });
        all = subjects(rows, { version, csr });
        shown = all.map((subject) => subject.shown).toSorted();
        const folder = join(bench.https.dir, 'manifests');
        mkdirSync(folder);
        file = join(folder, 'all.json');
        writeFileSync(file, lists(all.map(({ object }) => object)));
        editor = join(folder, 'editor');
        writeFileSync(editor, '#!/bin/sh\nexec sed -i "s/edited: \\"no\\"/edited: \\"yes\\"/" "$1"\n');
        chmodSync(editor, 0o755);
      });
      after(() => bench[Symbol.asyncDispose]());

      /** Every object is named in a line of its own, with what was done to it. */
      const everyOne = (text: string, done: string): void =>
        assert.deepEqual(lines(text).toSorted(), shown.map((name) => `${name} ${done}`).toSorted());

      it('create', async () => everyOne(await k.ok('create', '-f', file), 'created'));

      it('get as tables, plain and wide, with the columns of Kubernetes', async () => {
        for (const wide of [false, true]) {
          const found = heads(await k.ok('get', '-f', file, ...(wide ? ['-o', 'wide'] : [])));
          for (const { row, shown: name } of all) {
            const wanted = columnsOf(row).filter((column) => wide || column.priority === 0);
            const cell = [...found.keys()].find((key) => key === name || `${name} ` === key.slice(0, name.length + 1));
            // Events have no column with their name unless wide.
            if (row.resource === 'events') continue;
            assert.deepEqual(found.get(cell ?? '')?.join('|'), wanted.map((column) => column.name.toUpperCase()).join('|'), name);
          }
        }
      });

      it('get as yaml, json, names, jsonpath, templates and columns', async () => {
        const json = JSON.parse(await k.ok('get', '-f', file, '-o', 'json')) as { items: Named[] };
        assert.deepEqual(
          json.items.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata.name]),
          all.map(({ object }) => [object.apiVersion, object.kind, object.metadata.name]),
        );
        const yaml = await k.ok('get', '-f', file, '-o', 'yaml');
        assert.equal(yaml.match(/^ {2}kind: /gm)?.length, all.length);
        assert.deepEqual(lines(await k.ok('get', '-f', file, '-o', 'name')).toSorted(), shown);
        const names = all.map(({ object }) => object.metadata.name);
        const byPath = await k.ok('get', '-f', file, '-o', 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}');
        assert.deepEqual(lines(byPath), names);
        const byTemplate = await k.ok('get', '-f', file, '-o', 'go-template={{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}');
        assert.deepEqual(lines(byTemplate), names);
        const byColumns = await k.ok('get', '-f', file, '-o', 'custom-columns=K:.kind,N:.metadata.name', '--no-headers');
        assert.deepEqual(
          lines(byColumns).map((line) => line.split(/ +/)),
          all.map(({ object }) => [object.kind, object.metadata.name]),
        );
      });

      it('get of all kinds in all namespaces, sorted and selected', async () => {
        const types = all.map(({ row }) => `${row.resource}.${row.version}.${row.group}`).join(',');
        const everywhere = lines(await k.ok('get', types, '-A', '-l', 'by=k', '-o', 'name'));
        for (const { shown: name } of all) assert.ok(everywhere.includes(name), name);
        const sorted = lines(
          await k.ok(
            'get',
            types,
            '-n',
            namespace,
            '-l',
            'by=k',
            '--sort-by=.metadata.name',
            '-o',
            'custom-columns=N:.metadata.name',
            '--no-headers',
          ),
        );
        assert.deepEqual(sorted, sorted.toSorted());
        assert.ok(sorted.length >= all.length);
      });

      it('describe', async () => {
        // Until 1.34 kubectl described these in the beta versions that they had then, which no 1.35 serves.
        const beta = Number(version.split('.')[1]) < 34 ? all.filter(({ row }) => wasBeta.has(row.resource)) : [];
        const { stdout: text, stderr } = await k('describe', '-f', file);
        assert.deepEqual(
          lines(stderr),
          beta.map(
            ({ row, object }) =>
              `Error from server (NotFound): the server could not find the requested resource (get ${row.resource}.${row.group} ${object.metadata.name})`,
          ),
        );
        for (const { object } of all.filter((subject) => !beta.includes(subject)))
          assert.match(text, new RegExp(`^Name: +${object.metadata.name.replaceAll('.', '\\.')}$`, 'm'));
      });

      it('label, annotate, and patch in three forms', async () => {
        everyOne(await k.ok('label', '-f', file, 'l=1'), 'labeled');
        everyOne(await k.ok('label', '-f', file, 'l=1'), 'not labeled');
        everyOne(await k.ok('annotate', '-f', file, 'edited=no'), 'annotated');
        everyOne(await k.ok('patch', '-f', file, '-p', '{"metadata":{"annotations":{"s":"1"}}}'), 'patched');
        everyOne(await k.ok('patch', '-f', file, '--type=merge', '-p', '{"metadata":{"annotations":{"m":"1"}}}'), 'patched');
        const json = '[{"op":"add","path":"/metadata/annotations/j","value":"1"},{"op":"remove","path":"/metadata/labels/l"}]';
        everyOne(await k.ok('patch', '-f', file, '--type=json', '-p', json), 'patched');
        const { items } = JSON.parse(await k.ok('get', '-f', file, '-o', 'json')) as {
          items: { metadata: { labels: object; annotations: object } }[];
        };
        for (const { metadata } of items) {
          assert.deepEqual(metadata.labels, { ...metadata.labels, by: 'k' });
          assert.ok(!('l' in metadata.labels));
          assert.deepEqual(metadata.annotations, { ...metadata.annotations, edited: 'no', s: '1', m: '1', j: '1' });
        }
      });

      it('edit', async () => {
        everyOne(await k.with({ env: { KUBE_EDITOR: editor } }).ok('edit', '-n', namespace, '-f', file), 'edited');
        const values = lines(await k.ok('get', '-f', file, '-o', 'jsonpath={range .items[*]}{.metadata.annotations.edited}{"\\n"}{end}'));
        assert.deepEqual(
          values,
          all.map(() => 'yes'),
        );
      });

      it('apply, client-side and server-side, and diff', async () => {
        everyOne(await k.ok('apply', '-f', file), 'configured');
        const again = all.map(({ row, shown: name }) => `${name} ${alwaysPatched.has(row.resource) ? 'configured' : 'unchanged'}`);
        assert.deepEqual(lines(await k.ok('apply', '-f', file)).toSorted(), again.toSorted());
        assert.equal(await k.ok('diff', '-f', file), '');
        const changed = lists(all.map(({ object }) => ({ ...object, metadata: { ...object.metadata, labels: { by: 'k', more: 'x' } } })));
        const differs = await k.with({ input: changed })('diff', '-f', '-');
        assert.equal(differs.code, 1, differs.stderr);
        assert.equal(differs.stdout.match(/^\+ {4}more: x$/gm)?.length, all.length);
        everyOne(await k.pipe(changed, 'apply', '-f', '-'), 'configured');
        const serverSide = ['apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', '-'];
        everyOne(await k.pipe(changed, ...serverSide), 'serverside-applied');
        const labels = lines(await k.ok('get', '-f', file, '-o', 'jsonpath={range .items[*]}{.metadata.labels.more}{"\\n"}{end}'));
        assert.deepEqual(
          labels,
          all.map(() => 'x'),
        );
      });

      it('replace', async () => {
        const { items } = JSON.parse(await k.ok('get', '-f', file, '-o', 'json')) as { items: { metadata: object }[] };
        const next = items.map((item) => ({ ...item, metadata: { ...item.metadata, annotations: { replaced: 'yes' } } }));
        everyOne(await k.pipe(lists(next), 'replace', '-f', '-'), 'replaced');
        const values = lines(await k.ok('get', '-f', file, '-o', 'jsonpath={range .items[*]}{.metadata.annotations.replaced}{"\\n"}{end}'));
        assert.deepEqual(
          values,
          all.map(() => 'yes'),
        );
        const stale = await k.with({ input: lists(next) })('replace', '-f', '-');
        assert.equal(stale.code, 1);
        assert.equal(stale.stderr.match(/the object has been modified/g)?.length, all.length);
      });

      it('explain', async () => {
        await inTurns(4, all, async ({ row }) => {
          const text = await k.ok(
            'explain',
            row.resource,
            `--api-version=${row.group === '' ? row.version : `${row.group}/${row.version}`}`,
          );
          assert.match(text, new RegExp(`^(GROUP: +${row.group}\n)?KIND: +${row.kind}\nVERSION: +${row.version}\n`), row.resource);
          assert.match(text, /^FIELDS:$/m);
        });
      });

      it('get -w', async () => {
        await inTurns(4, all, async ({ row, object, shown: name }) => {
          const type = `${row.resource}.${row.version}.${row.group}`;
          const child = spawn(
            path,
            ['get', type, object.metadata.name, '-n', namespace, '-w', '-o', 'name', '--output-watch-events=false'],
            {
              env: { KUBECONFIG: bench.https.kubeconfig, HOME: bench.https.dir },
            },
          );
          let seen = '';
          child.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text));
          const closed = new Promise((done) => child.once('close', done));
          try {
            await until(`${name} is shown`, () => seen.includes(`${name}\n`));
          } finally {
            child.kill();
            await closed;
          }
        });
      });

      it('delete', async () => {
        const text = await k.ok('delete', '-f', file, '--wait=false');
        const gone = lines(text).map((line) => /^(\S+) "([^"]+)" deleted( from \S+ namespace)?$/.exec(line));
        assert.deepEqual(gone.map((match) => `${match?.[1]}/${match?.[2]}`).toSorted(), shown);
        const again = await k('delete', '-f', file, '--ignore-not-found', '--wait=false');
        assert.equal(again.code, 0, again.stderr);
      });
    });
  });
}

/** Does something with each, a few at a time. */
async function inTurns<T>(width: number, list: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const queue = [...list];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await act(next);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
