// Conformance of the variables of containers: from objects, from the pod and the node, and from one another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMaps, Nodes, Secrets } from '#api/refs.ts';
import { quantityValue } from '#format/quantity.ts';
import { inSpace, pod, shell, type Space } from '../support.ts';
import { cluster } from './cluster.ts';

const field = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const resource = (name: string, what: string): object => ({ name, valueFrom: { resourceFieldRef: { resource: what } } });

/** Runs `env` in a container and asserts that these lines are in its output. */
async function shows({ output }: Space, name: string, container: object, lines: readonly string[]): Promise<string> {
  const text = await output(pod(name, shell('env', container)));
  for (const line of lines) assert.ok(text.split('\n').includes(line), `${line} in ${text}`);
  return text;
}

export function environment(): void {
  for (const [kind, ref] of [
    ['ConfigMap', ConfigMaps],
    ['Secret', Secrets as unknown as typeof ConfigMaps],
  ] as const) {
    const data = (values: Record<string, string>): object => (kind === 'ConfigMap' ? { data: values } : { stringData: values });
    const [keyRef, objectRef] = kind === 'ConfigMap' ? ['configMapKeyRef', 'configMapRef'] : ['secretKeyRef', 'secretRef'];
    const all = (prefix?: string): object => ({ [objectRef]: { name: 'o' }, ...(prefix === undefined ? {} : { prefix }) });

    // Conformance: [sig-node] ConfigMap should be consumable via the environment [NodeConformance] [Conformance]
    // Conformance: [sig-node] Secrets should be consumable via the environment [NodeConformance] [Conformance]
    test(`keys of a ${kind}, one by one and all with a prefix`, () =>
      inSpace(cluster, async (space) => {
        await space.create(ref, { metadata: { name: 'o' }, ...data({ data_1: 'value-1', data_2: 'value-2', data_3: 'value-3' }) });
        const one = { name: 'ONE', valueFrom: { [keyRef]: { name: 'o', key: 'data_1' } } };
        const three = ['', 'p_'].flatMap((prefix) => [1, 2, 3].map((n) => `${prefix}data_${n}=value-${n}`));
        await shows(space, 'p', { env: [one], envFrom: [all(), all('p_')] }, ['ONE=value-1', ...three]);
      }));

    // Conformance: [sig-node] ConfigMap should be consumable as environment variable names with various prefixes [Conformance]
    test(`odd names and prefixes: ${kind}`, () =>
      inSpace(cluster, async (space) => {
        const names = ['data-1', 'data-2', 'data-3', '4.data'];
        await space.create(ref, { metadata: { name: 'o' }, ...data(Object.fromEntries(names.map((name) => [name, `of ${name}\n`]))) });
        const prefixes = ['', '1-', '$_-', 'ABC_', '#@!'];
        const lines = prefixes.flatMap((prefix) => names.map((name) => `${prefix}${name}=of ${name}`));
        await shows(space, 'p', { envFrom: prefixes.map((prefix) => all(prefix || undefined)) }, lines);
      }));
  }

  // Conformance: [sig-node] Downward API should provide pod name, namespace and IP address as env vars [NodeConformance] [Conformance]
  // Conformance: [sig-node] Downward API should provide host IP as an env var [NodeConformance] [Conformance]
  // Conformance: [sig-node] Downward API should provide hostIPs as an env var [NodeConformance] [Conformance]
  // Conformance: [sig-node] Downward API should provide pod UID as env vars [NodeConformance] [Conformance]
  test('who the pod is, and where', () =>
    inSpace(cluster, async (space) => {
      const fields = {
        POD_NAME: 'metadata.name',
        POD_NAMESPACE: 'metadata.namespace',
        POD_UID: 'metadata.uid',
        POD_IP: 'status.podIP',
        HOST_IP: 'status.hostIP',
        HOST_IPS: 'status.hostIPs',
        NODE: 'spec.nodeName',
      };
      const env = Object.entries(fields).map(([name, path]) => field(name, path));
      const { nodeIp, nodeName } = cluster;
      const text = await shows(space, 'p', { env }, [
        'POD_NAME=p',
        `POD_NAMESPACE=${space.namespace}`,
        `HOST_IP=${nodeIp}`,
        `HOST_IPS=${nodeIp}`,
        `NODE=${nodeName}`,
      ]);
      assert.match(text, /^POD_UID=[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/m);
      assert.match(text, /^POD_IP=10\.244\.\d+\.\d+$/m);
      assert.match(await space.output(pod('q', shell('[ "$POD_IP" = "$(hostname -i)" ] && echo same', { env }))), /^same$/m);
    }));

  const sizes = ['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'].map((what, n) => resource(`V${n}`, what));
  // Conformance: [sig-node] Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars [NodeConformance] [Conformance]
  test('limits and requests of the container', () =>
    inSpace(cluster, async (space) => {
      const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
      await shows(space, 'p', { env: sizes, resources }, ['V0=2', 'V1=67108864', 'V2=1', 'V3=33554432']);
    }));

  // Conformance: [sig-node] Downward API should provide default limits.cpu/memory from node allocatable [NodeConformance] [Conformance]
  test('limits that are not set are what the node has', () =>
    inSpace(cluster, async (space) => {
      const { status } = await cluster.client.resource(Nodes).get(cluster.nodeName);
      const lines = ['cpu', 'memory'].map((what, n) => `V${n}=${quantityValue(status?.allocatable?.[what] ?? '')}`);
      await shows(space, 'p', { env: sizes.slice(0, 2) }, lines);
    }));

  // Conformance: [sig-node] Variable Expansion should allow composing env vars into new env vars [NodeConformance] [Conformance]
  test('variables are composed of earlier ones', () =>
    inSpace(cluster, async (space) => {
      const env = [
        { name: 'FOO', value: 'foo-value' },
        { name: 'BAR', value: 'bar-value' },
        { name: 'FOOBAR', value: '$(FOO);;$(BAR)' },
        { name: 'PLAIN', value: '$$(FOO) $(ABSENT)' },
      ];
      await shows(space, 'p', { env }, ['FOO=foo-value', 'BAR=bar-value', 'FOOBAR=foo-value;;bar-value', 'PLAIN=$(FOO) $(ABSENT)']);
    }));

  // Conformance: [sig-node] Variable Expansion should allow substituting values in a container's command [NodeConformance] [Conformance]
  // Conformance: [sig-node] Variable Expansion should allow substituting values in a container's args [NodeConformance] [Conformance]
  test('variables are put into the command and into the arguments', () =>
    inSpace(cluster, async ({ output }) => {
      const env = [{ name: 'TEST_VAR', value: 'test-value' }];
      const script = 'TEST_VAR=wrong; echo "$(TEST_VAR)"';
      assert.equal(await output(pod('p', shell(script, { env }))), 'test-value\n');
      const container = { ...shell(''), command: ['sh', '-c'], args: [script], env };
      assert.equal(await output(pod('q', container)), 'test-value\n');
    }));
}
