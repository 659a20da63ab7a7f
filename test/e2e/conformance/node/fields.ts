// Conformance of storage: fields of the pod and sizes of its containers as files, in volumes of their own and projected.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Nodes } from '#api/refs.ts';
import { quantityValue } from '#format/quantity.ts';
import { agnhost, inSpace, looksAt, pod } from '../support.ts';
import { cluster } from './cluster.ts';

interface Kind {
  readonly title: string;
  readonly volume: (items: readonly object[], defaultMode?: number) => object;
}

const kinds: readonly Kind[] = [
  {
    // Conformance: [sig-storage] Downward API volume should provide podname only [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Downward API volume should set DefaultMode on files [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Downward API volume should set mode on item file [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Downward API volume should provide container's cpu request [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Downward API volume should provide container's memory limit [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Downward API volume should provide node allocatable (cpu) as default cpu limit if the limit is not set [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Downward API volume should provide node allocatable (memory) as default memory limit if the limit is not set [NodeConformance] [Conformance]
    title: 'downwardAPI',
    volume: (items, defaultMode) => ({ downwardAPI: { items, defaultMode } }),
  },
  {
    // Conformance: [sig-storage] Projected downwardAPI should provide podname only [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected downwardAPI should set DefaultMode on files [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected downwardAPI should set mode on item file [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected downwardAPI should provide container's cpu limit [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected downwardAPI should provide container's memory limit [NodeConformance] [Conformance]
    // Conformance: [sig-storage] Projected downwardAPI should provide node allocatable (cpu) as default cpu limit if the limit is not set [NodeConformance] [Conformance]
    title: 'projected downwardAPI',
    volume: (items, defaultMode) => ({ projected: { sources: [{ downwardAPI: { items } }], defaultMode } }),
  },
];

const name = { fieldRef: { fieldPath: 'metadata.name' } };
const size = (containerName: string, resource: string, divisor?: string): object => ({
  resourceFieldRef: { containerName, resource, divisor },
});

export function fields(): void {
  for (const { title, volume } of kinds) {
    test(`fields of the pod in volumes: ${title}`, () =>
      inSpace(cluster, async ({ output }) => {
        const { status } = await cluster.client.resource(Nodes).get(cluster.nodeName);
        const allocatable = (what: string): string => String(quantityValue(status?.allocatable?.[what] ?? ''));
        const items: Record<string, { item: object; content: string; mode?: string }> = {
          podname: { item: name, content: 'p' },
          private: { item: { ...name, mode: 0o400 }, content: 'p', mode: '-r--------' },
          cpu_limit: { item: size('main', 'limits.cpu'), content: '2' },
          cpu_limit_milli: { item: size('main', 'limits.cpu', '1m'), content: '1250' },
          memory_limit: { item: size('main', 'limits.memory'), content: '67108864' },
          cpu_request: { item: size('main', 'requests.cpu'), content: '1' },
          memory_request: { item: size('main', 'requests.memory', '1Mi'), content: '32' },
          // Without a limit: what the node can give.
          node_cpu: { item: size('free', 'limits.cpu'), content: allocatable('cpu') },
          node_memory: { item: size('free', 'limits.memory'), content: allocatable('memory') },
        };
        const volumes = [
          { name: 'v', ...volume(Object.entries(items).map(([path, { item }]) => ({ path, ...item }))) },
          { name: 'w', ...volume([{ path: 'podname', ...name }], 0o400) },
        ];
        const volumeMounts = [
          { name: 'v', mountPath: '/etc/podinfo' },
          { name: 'w', mountPath: '/etc/private' },
        ];
        const files = [...Object.keys(items).map((path) => `/etc/podinfo/${path}`), '/etc/private/podname'];
        const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
        const looking = { name: 'main', image: agnhost, ...looksAt(files, '--file_content={}', '--file_mode={}'), volumeMounts, resources };
        const free = { name: 'free', image: agnhost, command: ['true'] };
        const said = await output(pod('p', {}, { spec: { containers: [looking, free], volumes } }));
        for (const [path, { content, mode = '-rw-r--r--' }] of Object.entries(items)) {
          assert.ok(said.includes(`content of file "/etc/podinfo/${path}": ${content}\n`), said);
          assert.ok(said.includes(`mode of file "/etc/podinfo/${path}": ${mode}\n`), said);
        }
        assert.ok(said.includes('mode of file "/etc/private/podname": -r--------\n'), said);
      }));

    test(`fields of the pod for a user with an fsGroup: ${title}`, () =>
      inSpace(cluster, async ({ output }) => {
        const path = '/etc/podinfo/podname';
        const volumes = [{ name: 'v', ...volume([{ path: 'podname', ...name }], 0o440) }];
        const container = {
          ...looksAt([path], '--file_content={}', '--file_mode={}'),
          volumeMounts: [{ name: 'v', mountPath: '/etc/podinfo' }],
        };
        const said = await output(pod('p', container, { spec: { volumes, securityContext: { runAsUser: 1000, fsGroup: 1234 } } }));
        assert.ok(said.includes(`content of file "${path}": p\n`), said);
        assert.ok(said.includes(`mode of file "${path}": -r--r-----\n`), said);
      }));
  }
}
