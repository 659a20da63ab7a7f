// Conformance of kubectl: what its commands do to pods that run, and what they print.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { Pods } from '#api/refs.ts';
import { nautilusImage, nautilusName, httpdName, webImage } from '../../images/web.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { kubectlPath } from '../../support/kubectl.ts';
import { until as wait } from '../../support/until.ts';
import { agnhost, busybox, inSpace, isReady, pod, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster({ images: [nautilusImage, webImage] });
});
after(async () => cluster?.[Symbol.asyncDispose]());

const controller = (name: string, replicas: number, container: object): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name },
    spec: {
      replicas,
      selector: { name },
      template: { metadata: { labels: { name, app: 'agnhost' } }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } },
    },
  });
const nautilus = { name: 'update-demo', image: nautilusName, ports: [{ containerPort: 80, protocol: 'TCP' }] };
const primary = { name: 'agnhost-primary', image: agnhost, ports: [{ name: 'agnhost-server', containerPort: 6379 }] };

async function names(space: Space, labels: string): Promise<string[]> {
  const template = '{{range.items}}{{.metadata.name}} {{end}}';
  return (await space.kubectl.ok('get', 'pods', '-o', 'template', `--template=${template}`, '-l', labels)).split(' ').filter(Boolean);
}

/** Waits until so many of the demo's pods show their picture through the API server. */
async function pictures(space: Space, count: number): Promise<void> {
  const running =
    '{{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}' +
    '{{if (and (eq .name "update-demo") (exists . "state" "running"))}}true{{end}}{{end}}{{end}}';
  const image =
    '{{if (exists . "spec" "containers")}}{{range .spec.containers}}{{if eq .name "update-demo"}}{{.image}}{{end}}{{end}}{{end}}';
  const shown = async (): Promise<boolean> => {
    const found = await names(space, 'name=update-demo');
    if (found.length !== count) return false;
    for (const name of found) {
      // It may go meanwhile.
      const look = async (template: string): Promise<string> =>
        (await space.kubectl('get', 'pods', name, '-o', 'template', `--template=${template}`)).stdout;
      if ((await look(running)) !== 'true') return false;
      const shows = await look(image);
      if (shows === '') return false;
      assert.equal(shows, nautilusName);
      const path = `/api/v1/namespaces/${space.namespace}/pods/${name}/proxy/data.json`;
      const { stdout } = await space.kubectl('get', '--raw', path);
      if (!stdout.includes('nautilus.jpg')) return false;
    }
    return true;
  };
  await wait(`${count} pods show the picture`, shown);
}

/** Starts `kubectl proxy` and gives what it says first. */
async function proxying(args: readonly string[], use: (line: string) => Promise<void>): Promise<void> {
  const child = spawn(kubectlPath(), ['--kubeconfig', cluster.kubeconfig, 'proxy', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface(child.stdout)) {
      await use(line);
      break;
    }
  } finally {
    child.kill();
  }
}

function get(options: { port?: number; socketPath?: string; path: string }): Promise<string> {
  return new Promise((done, failed) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => done(text));
    });
    sent.on('error', failed).end();
  });
}

describe('kubectl', { concurrency: 4 }, () => {
  // Conformance: [sig-cli] Kubectl client Update Demo should create and stop a replication controller [Conformance]
  // Conformance: [sig-cli] Kubectl client Update Demo should scale a replication controller [Conformance]
  test('the update demo: a replication controller starts, scales and stops', () =>
    inSpace(cluster, async (space) => {
      await space.kubectl.pipe(controller('update-demo', 2, nautilus), 'create', '-f', '-');
      await pictures(space, 2);
      await space.kubectl.ok('scale', 'rc', 'update-demo', '--replicas=1', '--timeout=5m');
      await pictures(space, 1);
      await space.kubectl.ok('scale', 'rc', 'update-demo', '--replicas=2', '--timeout=5m');
      await pictures(space, 2);
      await space.kubectl.ok('delete', '--grace-period=0', '--force', 'rc', 'update-demo');
      await wait('nothing is left', async () => (await space.kubectl.ok('get', 'rc,pods', '-l', 'name=update-demo')) === '');
    }));

  // Conformance: [sig-cli] Kubectl client Guestbook application should create and stop a working application [Conformance]
  test('the guestbook: three tiers that find each other by name', () =>
    inSpace(cluster, async (space) => {
      const tier = (name: string, replicas: number, about: { labels: object; args: string[]; port: number; service: number }): string => {
        const metadata = { name, labels: about.labels };
        const container = { name, image: agnhost, args: about.args, ports: [{ containerPort: about.port }] };
        const template = { metadata: { labels: about.labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } };
        const spec = { selector: { matchLabels: about.labels }, replicas, template };
        const ports = [{ port: about.service, targetPort: about.port }];
        return JSON.stringify({
          apiVersion: 'v1',
          kind: 'List',
          items: [
            { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports, selector: about.labels } },
            { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec },
          ],
        });
      };
      const backend = (name: string, replicas: number, labels: object, ...more: string[]): string =>
        tier(name, replicas, { labels, args: ['guestbook', '--http-port', '6379', ...more], port: 6379, service: 6379 });
      const labels = (role: string): object => ({ app: 'agnhost', role, tier: 'backend' });
      const front = { app: 'guestbook', tier: 'frontend' };
      const objects = [
        backend('agnhost-primary', 1, labels('primary')),
        backend('agnhost-replica', 2, labels('replica'), '--replicaof', 'agnhost-primary'),
        tier('frontend', 3, { labels: front, args: ['guestbook', '--backend-port', '6379'], port: 80, service: 80 }),
      ];
      for (const object of objects) await space.kubectl.pipe(object, 'create', '-f', '-');
      await wait('the front end runs', async () => (await space.list(Pods, 'app=guestbook')).filter(isReady).length === 3, 180_000);
      await wait('the replicas run', async () => (await space.list(Pods, 'role=replica')).filter(isReady).length === 2, 180_000);
      const ask = async (cmd: string, value: string): Promise<string> => {
        const query = `guestbook?cmd=${cmd}&key=messages&value=${value}`;
        const { stdout } = await space.kubectl('get', '--raw', `/api/v1/namespaces/${space.namespace}/services/frontend/proxy/${query}`);
        return stdout;
      };
      await wait('an empty book', async () => (await ask('get', '')) === '{"data":""}');
      await wait('an entry is taken', async () => (await ask('set', 'TestEntry')) === '{"message":"Updated"}');
      await wait('the entry is read', async () => (await ask('get', '')) === '{"data":"TestEntry"}');
    }));

  // Conformance: [sig-cli] Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods [Conformance]
  test('describe tells of controllers, pods, services, nodes and namespaces', () =>
    inSpace(cluster, async (space) => {
      const { kubectl, namespace } = space;
      await kubectl.pipe(controller('agnhost-primary', 1, primary), 'create', '-f', '-');
      const ports = [{ port: 6379, targetPort: 'agnhost-server' }];
      const service = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'agnhost-primary' },
        spec: { ports, selector: { app: 'agnhost' } },
      };
      await kubectl.pipe(JSON.stringify(service), 'create', '-f', '-');
      const started = async (): Promise<string | undefined> => (await space.list(Pods, 'app=agnhost')).find(isReady)?.metadata.name;
      const name = await wait('the pod runs', started);
      const tells = async (args: string[], lines: string[][]): Promise<void> => {
        let text = '';
        const missing = (): string[][] =>
          lines.filter((words) => !text.split('\n').some((line) => words.every((word) => line.includes(word))));
        // Events and endpoints come a moment later.
        await wait('everything is told', async () => {
          text = await kubectl.ok('describe', ...args);
          return missing().length === 0;
        }).catch((error: unknown) => {
          throw new Error(`${missing().join('; ')} not in\n${text}`, { cause: error });
        });
      };
      const container = [
        ['Image:', agnhost],
        ['State:', 'Running'],
        ['QoS Class:', 'BestEffort'],
      ];
      await tells(
        ['pod', name],
        [
          ['Name:', name],
          ['Namespace:', namespace],
          ['Node:', cluster.nodeName],
          ['Labels:', 'app=agnhost'],
          ['name=agnhost-primary'],
          ['Annotations:'],
          ['Status:', 'Running'],
          ['IP:'],
          ['Controlled By:', 'ReplicationController/agnhost-primary'],
          ...container,
        ],
      );
      await tells(
        ['rc', 'agnhost-primary'],
        [
          ['Name:', 'agnhost-primary'],
          ['Namespace:', namespace],
          ['Selector:', 'name=agnhost-primary'],
          ['Labels:'],
          ['Annotations:'],
          ['Pod Template:'],
          ['Replicas:', '1 current', '1 desired'],
          ['Pods Status:', '1 Running', '0 Waiting', '0 Succeeded', '0 Failed'],
          ['Image:', agnhost],
          ['Events:'],
          ['SuccessfulCreate', name],
        ],
      );
      await tells(
        ['service', 'agnhost-primary'],
        [
          ['Name:', 'agnhost-primary'],
          ['Namespace:', namespace],
          ['Labels:'],
          ['Annotations:'],
          ['Selector:', 'app=agnhost'],
          ['Type:', 'ClusterIP'],
          ['IP:'],
          ['Port:', '<unset>', '6379/TCP'],
          ['Endpoints:', ':6379'],
          ['Session Affinity:', 'None'],
        ],
      );
      await tells(
        ['node', cluster.nodeName],
        [
          ['Name:', cluster.nodeName],
          ['Labels:'],
          ['Annotations:'],
          ['CreationTimestamp:'],
          ['Conditions:'],
          ['Type', 'Status', 'LastHeartbeatTime', 'LastTransitionTime', 'Reason', 'Message'],
          ['Addresses:'],
          ['Capacity:'],
          ['Kernel Version:'],
          ['Container Runtime Version:', 'containerd://'],
          ['Kubelet Version:', 'v1.35'],
          [namespace, name],
        ],
      );
      await tells(
        ['namespace', namespace],
        [
          ['Name:', namespace],
          ['Status:', 'Active'],
        ],
      );
    }));

  test('expose makes services of a controller and of a service', () =>
    inSpace(cluster, async (space) => {
      const { kubectl } = space;
      await kubectl.pipe(controller('agnhost-primary', 1, primary), 'create', '-f', '-');
      const endpoint = async (name: string, port: number): Promise<void> => {
        const template = '{{range .subsets}}{{range .ports}}{{.port}}{{end}}{{end}}';
        await wait(
          `an endpoint of ${name}`,
          async () => (await kubectl('get', 'endpoints', name, '-o', 'template', `--template=${template}`)).stdout === '6379',
        );
        const shown = await kubectl.ok('get', 'service', name, '-o', 'jsonpath={.spec.ports[0].port} {.spec.ports[0].targetPort}');
        assert.equal(shown, `${port} 6379`);
      };
      await kubectl.ok('expose', 'rc', 'agnhost-primary', '--name=rm2', '--port=1234', '--target-port=6379');
      await endpoint('rm2', 1234);
      await kubectl.ok('expose', 'service', 'rm2', '--name=rm3', '--port=2345', '--target-port=6379');
      await endpoint('rm3', 2345);
    }));

  // Conformance: [sig-cli] Kubectl client Kubectl label should update the label on a resource [Conformance]
  test('label puts and takes a label', () =>
    inSpace(cluster, async ({ kubectl, create, until }) => {
      await create(Pods, pod('pause', {}));
      await until(Pods, 'pause', isReady);
      await kubectl.ok('label', 'pods', 'pause', 'testing-label=testing-label-value');
      assert.match(await kubectl.ok('get', 'pod', 'pause', '-L', 'testing-label'), /TESTING-LABEL[\s\S]*testing-label-value/);
      await kubectl.ok('label', 'pods', 'pause', 'testing-label-');
      assert.doesNotMatch(await kubectl.ok('get', 'pod', 'pause', '-L', 'testing-label'), /testing-label-value/);
    }));

  // Conformance: [sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc [Conformance]
  test('patch adds annotations to the pods of a controller', () =>
    inSpace(cluster, async (space) => {
      await space.kubectl.pipe(controller('agnhost-primary', 1, primary), 'create', '-f', '-');
      const [name = ''] = await wait('a pod', async () =>
        (await names(space, 'app=agnhost')).length === 1 ? names(space, 'app=agnhost') : undefined,
      );
      await space.until(Pods, name, isReady);
      await space.kubectl.ok('patch', 'pod', name, '-p', '{"metadata":{"annotations":{"x":"y"}}}');
      assert.equal((await space.get(Pods, name)).metadata.annotations?.['x'], 'y');
    }));

  // Conformance: [sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never [Conformance]
  // Conformance: [sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods [Conformance]
  test('run makes one pod; replace changes its image', () =>
    inSpace(cluster, async ({ kubectl, get, until }) => {
      await kubectl.ok('run', 'e2e-test-httpd-pod', `--image=${httpdName}`, '--labels=run=e2e-test-httpd-pod', '--restart=Never');
      const made = await until(Pods, 'e2e-test-httpd-pod', isReady);
      assert.equal(made.spec.restartPolicy, 'Never');
      assert.equal(made.spec.containers[0]?.image, httpdName);
      await wait('it is replaced', async () => {
        const changed = (await kubectl.ok('get', 'pod', 'e2e-test-httpd-pod', '-o', 'json')).replaceAll(httpdName, busybox);
        return kubectl.pipe(changed, 'replace', '-f', '-').catch((error: unknown) => {
          // The node has written the status meanwhile.
          if (!/the object has been modified/.test(String(error))) throw error;
          return undefined;
        });
      });
      assert.equal((await get(Pods, 'e2e-test-httpd-pod')).spec.containers[0]?.image, busybox);
      const patch = JSON.stringify({ spec: { containers: [{ name: 'e2e-test-httpd-pod', image: agnhost }] } });
      await kubectl.ok('patch', 'pod', 'e2e-test-httpd-pod', '-p', patch, '--dry-run=server');
      assert.equal((await get(Pods, 'e2e-test-httpd-pod')).spec.containers[0]?.image, busybox);
    }));

  test('logs can be had in part', () =>
    inSpace(cluster, async ({ kubectl, create, until }) => {
      await create(
        Pods,
        pod('logs-generator', { name: 'logs-generator', args: ['logs-generator', '--log-lines-total', '100', '--run-duration', '20s'] }),
      );
      await until(Pods, 'logs-generator', isReady);
      const logs = (...args: string[]): Promise<string> => kubectl.ok('logs', 'logs-generator', 'logs-generator', ...args);
      await wait('a line', async () => /\d+ (GET|PUT|POST)/.test(await logs()));
      assert.equal((await logs('--tail=1')).split('\n').length, 2);
      assert.equal((await logs('--limit-bytes=1')).length, 1);
      const [stamped = '', rest] = (await logs('--tail=1', '--timestamps')).split('\n');
      assert.match(stamped, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) /);
      assert.equal(rest, '');
      await wait('more lines than of the last second', async () => {
        const [recent, all] = [await logs('--since=1s'), await logs('--since=24h')];
        return recent.split('\n').length < all.split('\n').length;
      });
    }));

  // Conformance: [sig-cli] Kubectl client Proxy server should support --unix-socket=/path [Conformance]
  test('proxy serves the API on a port and on a socket', async () => {
    await proxying(['-p', '0', '--disable-filter'], async (line) => {
      const port = Number(/:(\d+)$/.exec(line)?.[1]);
      assert.equal(JSON.parse(await get({ port, path: '/api/' })).kind, 'APIVersions');
    });
    const socketPath = `${cluster.dataDir}/proxy.sock`;
    await proxying([`--unix-socket=${socketPath}`], async () => {
      assert.equal(JSON.parse(await get({ socketPath, path: '/api/' })).kind, 'APIVersions');
    });
  });

  // Conformance: [sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments [Conformance]
  // Conformance: [sig-cli] Kubectl client Kubectl version should check is all data is printed [Conformance]
  // Conformance: [sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions [Conformance]
  test('diff tells what would change; cluster-info, version and api-versions tell where we are', () =>
    inSpace(cluster, async ({ kubectl }) => {
      const deployment = (image: string): string =>
        JSON.stringify({
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'httpd' },
          spec: {
            replicas: 1,
            selector: { matchLabels: { app: 'httpd' } },
            template: {
              metadata: { labels: { app: 'httpd' } },
              spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'httpd', image }] },
            },
          },
        });
      await kubectl.pipe(deployment(httpdName), 'create', '-f', '-');
      const { code, stdout } = await kubectl.with({ input: deployment(busybox) })(
        'diff',
        '-f',
        '-',
        '-n',
        await kubectl.ok('get', 'deployment', 'httpd', '-o', 'jsonpath={.metadata.namespace}'),
      );
      assert.equal(code, 1, stdout);
      assert.match(stdout, new RegExp(`-.*image: ${httpdName}\\n\\+.*image: ${busybox}`));
      assert.match(await kubectl.ok('cluster-info'), /Kubernetes control plane.* is running at/);
      assert.match(await kubectl.ok('version'), /Client Version: [\s\S]*Server Version: /);
      assert.match(await kubectl.ok('api-versions'), /^v1$/m);
    }));
});
