// Conformance of the variables of containers: from objects, from the pod and the node, and from one another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMaps, Nodes, Secrets } from '#api/refs.ts';
import { quantityValue } from '#format/quantity.ts';
import { inSpace, pod, shell, type Space } from '../support.ts';
import { cluster } from './cluster.ts';

const field = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const resource = (name: string, what: string): object => ({ name, valueFrom: { resourceFieldRef: { resource: what } } });

function assertLines(text: string, lines: readonly string[]): void {
  for (const line of lines) assert.ok(text.split('\n').includes(line), `${line} in ${text}`);
}

/** Makes a ConfigMap and a Secret named `o` with the same keys. */
async function makeBoth({ create }: Space, data: Record<string, string>): Promise<void> {
  await create(ConfigMaps, { metadata: { name: 'o' }, data });
  await create(Secrets, { metadata: { name: 'o' }, stringData: data });
}

/** All keys of the object, the names with a prefix. */
const all = (ref: 'configMapRef' | 'secretRef', prefix: string): object => ({ [ref]: { name: 'o' }, ...(prefix ? { prefix } : {}) });

export function environment(): void {
  // Conformance: [sig-node] ConfigMap should be consumable via the environment [NodeConformance] [Conformance]
  // Conformance: [sig-node] Secrets should be consumable via the environment [NodeConformance] [Conformance]
  test('keys of ConfigMaps and Secrets, one by one and all with a prefix', () =>
    inSpace(cluster, async (space) => {
      await makeBoth(space, { data_1: 'value-1', data_2: 'value-2', data_3: 'value-3' });
      const container = (keyRef: string, ref: 'configMapRef' | 'secretRef'): object =>
        shell('env', {
          env: [{ name: 'ONE', valueFrom: { [keyRef]: { name: 'o', key: 'data_1' } } }],
          envFrom: [all(ref, ''), all(ref, 'p_')],
        });
      const said = await space.outputs('p', {
        configmap: container('configMapKeyRef', 'configMapRef'),
        secret: container('secretKeyRef', 'secretRef'),
      });
      const lines = ['', 'p_'].flatMap((prefix) => [1, 2, 3].map((n) => `${prefix}data_${n}=value-${n}`));
      for (const text of Object.values(said)) assertLines(text, ['ONE=value-1', ...lines]);
    }));

  // Conformance: [sig-node] ConfigMap should be consumable as environment variable names with various prefixes [Conformance]
  test('odd names and prefixes of keys', () =>
    inSpace(cluster, async (space) => {
      const names = ['data-1', 'data-2', 'data-3', '4.data'];
      await makeBoth(space, Object.fromEntries(names.map((name) => [name, `of ${name}\n`])));
      const prefixes = ['', '1-', '$_-', 'ABC_', '#@!'];
      // Not by a shell: some pass on only the names that they could use themselves.
      const container = (ref: 'configMapRef' | 'secretRef'): object => ({
        command: ['env'],
        envFrom: prefixes.map((prefix) => all(ref, prefix)),
      });
      const said = await space.outputs('p', { configmap: container('configMapRef'), secret: container('secretRef') });
      const lines = prefixes.flatMap((prefix) => names.map((name) => `${prefix}${name}=of ${name}`));
      for (const text of Object.values(said)) assertLines(text, lines);
    }));

  // Conformance: [sig-node] Downward API should provide pod name, namespace and IP address as env vars [NodeConformance] [Conformance]
  // Conformance: [sig-node] Downward API should provide host IP as an env var [NodeConformance] [Conformance]
  // Conformance: [sig-node] Downward API should provide hostIPs as an env var [NodeConformance] [Conformance]
  // Conformance: [sig-node] Downward API should provide pod UID as env vars [NodeConformance] [Conformance]
  test('who the pod is, and where', () =>
    inSpace(cluster, async ({ output, namespace }) => {
      const { nodeIp, nodeName } = cluster;
      const env = Object.entries({
        POD_NAME: 'metadata.name',
        POD_NAMESPACE: 'metadata.namespace',
        POD_UID: 'metadata.uid',
        POD_IP: 'status.podIP',
        HOST_IP: 'status.hostIP',
        HOST_IPS: 'status.hostIPs',
        NODE: 'spec.nodeName',
      }).map(([name, path]) => field(name, path));
      const text = await output(pod('p', shell('env; [ "$POD_IP" = "$(hostname -i)" ] && echo same', { env })));
      const where = [`HOST_IP=${nodeIp}`, `HOST_IPS=${nodeIp}`, `NODE=${nodeName}`, 'same'];
      assertLines(text, ['POD_NAME=p', `POD_NAMESPACE=${namespace}`, ...where]);
      assert.match(text, /^POD_UID=[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/m);
      assert.match(text, /^POD_IP=10\.244\.\d+\.\d+$/m);
    }));

  // Conformance: [sig-node] Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars [NodeConformance] [Conformance]
  // Conformance: [sig-node] Downward API should provide default limits.cpu/memory from node allocatable [NodeConformance] [Conformance]
  test('limits and requests of the container; what the node has where there are none', () =>
    inSpace(cluster, async ({ outputs }) => {
      const sizes = ['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'].map((what, n) => resource(`V${n}`, what));
      const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
      const said = await outputs('p', {
        sized: shell('env', { env: sizes, resources }),
        free: shell('env', { env: sizes.slice(0, 2) }),
      });
      assertLines(said.sized, ['V0=2', 'V1=67108864', 'V2=1', 'V3=33554432']);
      const { status } = await cluster.client.resource(Nodes).get(cluster.nodeName);
      assertLines(
        said.free,
        ['cpu', 'memory'].map((what, n) => `V${n}=${quantityValue(status?.allocatable?.[what] ?? '')}`),
      );
    }));

  // Conformance: [sig-node] Variable Expansion should allow composing env vars into new env vars [NodeConformance] [Conformance]
  // Conformance: [sig-node] Variable Expansion should allow substituting values in a container's command [NodeConformance] [Conformance]
  // Conformance: [sig-node] Variable Expansion should allow substituting values in a container's args [NodeConformance] [Conformance]
  test('variables are composed of earlier ones, and put into commands and arguments', () =>
    inSpace(cluster, async ({ outputs }) => {
      const values = { FOO: 'foo-value', BAR: 'bar-value', FOOBAR: '$(FOO);;$(BAR)', PLAIN: '$$(FOO) $(ABSENT)' };
      const env = Object.entries(values).map(([name, value]) => ({ name, value }));
      const script = 'FOO=wrong; echo "$(FOO)"';
      const said = await outputs('p', {
        env: shell('env', { env }),
        command: shell(script, { env }),
        args: { ...shell(''), command: ['sh', '-c'], args: [script], env },
      });
      assertLines(said.env, ['FOO=foo-value', 'BAR=bar-value', 'FOOBAR=foo-value;;bar-value', 'PLAIN=$(FOO) $(ABSENT)']);
      assert.deepEqual([said.command, said.args], ['foo-value\n', 'foo-value\n']);
    }));
}
