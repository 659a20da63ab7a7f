// Several nodes: joining by token, pods and Services across nodes, names, policies, logs and commands, drain, restarts.
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { CertificateSigningRequests, Deployments, Namespaces, NetworkPolicies, Nodes, Pods, Services } from '#api/refs.ts';
import { isConditionTrue } from '#api/podutil.ts';
import { isNotFound } from '#api/status.ts';
import { rollsBack } from '../../support/apps/daemonsets.ts';
import { inGround } from '../../support/apps/ground.ts';
import { startNodes, type TestNodes } from '../../support/nodes.ts';
import { until } from '../../support/until.ts';
import { dial, expose, netexec, reaches, ready, says, service } from '../conformance/netsupport.ts';
import { agnhost, inSpace, isReady, type Space } from '../conformance/support.ts';

let cluster: TestNodes;
before(async () => {
  cluster = await startNodes(3);
});
after(async () => cluster?.[Symbol.asyncDispose]());

/** A server on each node: s1, s2, s3. */
async function servers(space: Space, app: string): Promise<{ name: string; ip: string }[]> {
  const pods = await ready(space, ...cluster.nodes.map(({ name }, i) => netexec(`s${i + 1}`, { app }, { spec: { nodeName: name } })));
  return pods.map(({ metadata, status }) => ({ name: metadata.name, ip: status.podIP ?? '' }));
}

// Conformance: [sig-architecture] Conformance Tests should have at least two untainted nodes [Conformance]
test('nodes join with a token and get certificates of their own', async () => {
  const { client, nodes } = cluster;
  const found = await until('all nodes are ready', async () => {
    const { items } = await client.resource(Nodes).list();
    const open = items.every(({ spec }) => !spec.unschedulable && (spec.taints ?? []).length === 0);
    return items.length === nodes.length && open && items.every(({ status }) => isConditionTrue(status.conditions, 'Ready')) && items;
  });
  assert.deepEqual(found.map(({ metadata }) => metadata.name).toSorted(), nodes.map(({ name }) => name).toSorted());
  assert.equal(new Set(found.map(({ spec }) => spec.podCIDR)).size, 3, 'each has a range of its own');
  const requests = await until('all certificates', async () => {
    const { items } = await client.resource(CertificateSigningRequests).list();
    return items.length >= 4 && items.every(({ status }) => status.certificate) && items;
  });
  assert.deepEqual(
    requests.map(({ spec, status }) => [spec.signerName, Boolean(status.certificate)]).toSorted(),
    ['kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving']
      .flatMap((name) => nodes.slice(1).map(() => [name, true]))
      .toSorted(),
  );
  const other = `${nodes[1]!.dataDir}-other`;
  const bad = await nodes[1]!.tutti('agent', '--server', cluster.access.server, '--token', 'aaaaaa.0123456789abcdef', '--data-dir', other);
  rmSync(other, { recursive: true, force: true });
  assert.notEqual(bad.code, 0);
});

// One node would be no half of a rollout.
test('a DaemonSet rolls back without restarts', () => inGround(cluster, true, rollsBack));

// Conformance: [sig-api-machinery] Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted [Conformance]
test('a namespace takes its running pods with it', async () => {
  const { client } = cluster;
  let namespace = '';
  await inSpace(cluster, async (space) => {
    namespace = space.namespace;
    await ready(space, netexec('test-pod', { app: 'test-pod' }));
  });
  const gone = async () => !(await client.resource(Namespaces).list()).items.some(({ metadata }) => metadata.name === namespace);
  await until('the namespace is gone', gone, 180_000);
  await client.resource(Namespaces).create({ metadata: { name: namespace } });
  await assert.rejects(client.resource(Pods).get('test-pod', { namespace }), isNotFound);
  await client.resource(Namespaces).delete(namespace);
});

test('pods reach pods of other nodes with their own addresses, over HTTP and UDP', () =>
  inSpace(cluster, async (space) => {
    const all = await servers(space, 'far');
    for (const from of all) {
      for (const to of all) {
        await reaches(space, from.name, { host: to.ip, port: 8080 }, [to.name]);
        await reaches(space, from.name, { host: to.ip, port: 8081, protocol: 'udp' }, [to.name]);
      }
    }
    const seen = await dial(space, 's1', { host: all[2]?.ip ?? '', port: 8080, request: 'clientip' });
    assert.equal(seen.responses[0]?.split(':')[0], all[0]?.ip);
  }));

test('Services spread over nodes; node ports answer on every node; names resolve on every node', () =>
  inSpace(cluster, async (space) => {
    const all = await servers(space, 'web');
    const names = all.map(({ name }) => name);
    const made = await expose(space, 'web', { type: 'NodePort' });
    await space.create(Services, service('headless', { clusterIP: 'None', selector: { app: 'web' } }));
    const nodePort = made.spec.ports?.[0]?.nodePort ?? 0;
    for (const from of names) {
      await reaches(space, from, { host: 'web', port: 80, tries: 40 }, names);
      await says(
        space,
        from,
        `nslookup headless.${space.namespace}.svc.cluster.local`,
        new RegExp(all.map(({ ip }) => `(?=[^]*Address: ${ip}\\b)`).join('')),
      );
    }
    for (const { ip } of cluster.nodes) {
      await reaches(space, 's2', { host: ip, port: nodePort, tries: 40 }, names);
      const outside = new Set<string>();
      for (let i = 0; i < 40; i++)
        outside.add(await (await fetch(`http://${ip}:${nodePort}/hostname`, { headers: { connection: 'close' } })).text());
      assert.deepEqual([...outside].toSorted(), names);
    }
    // With the local policy a node answers with its own pods only, and clients keep their address.
    await space.of(Services).patch('web', { spec: { externalTrafficPolicy: 'Local' } }, { type: 'merge', namespace: space.namespace });
    for (const [i, { ip }] of cluster.nodes.entries()) {
      await until(`only ${names[i]} answers at ${ip}`, async () => {
        const answers = await Promise.all(
          Array.from({ length: 8 }, async () =>
            fetch(`http://${ip}:${nodePort}/hostname`, { headers: { connection: 'close' } }).then(
              (answer) => answer.text(),
              () => 'nobody',
            ),
          ),
        );
        return answers.every((answer) => answer === names[i]);
      });
      assert.match(await (await fetch(`http://${ip}:${nodePort}/clientip`)).text(), /^198\.19\.\d+\.254:/);
    }
    // The policy is about traffic from outside: pods reach all of them at their node's address.
    await reaches(space, 's2', { host: cluster.nodes[1]?.ip ?? '', port: nodePort, tries: 40 }, names);
  }));

test('policies hold across nodes', () =>
  inSpace(cluster, async (space) => {
    const [one, , three] = await servers(space, 'walled');
    const policy = (ingress: object[]) => ({ podSelector: { matchLabels: { app: 'walled' } }, policyTypes: ['Ingress' as const], ingress });
    await space.create(NetworkPolicies, { metadata: { name: 'wall' }, spec: policy([]) });
    // Asked by exec: the API server is on the first node, and from there a proxied request would meet the wall too.
    const answers = (from: string, ip = three?.ip, wanted = '.') =>
      until(
        `${from} gets ${wanted} from ${ip}`,
        async () => (await space.exec(from, '/agnhost', 'probe', '3000', `tcp/${ip}/8080`)).trim() === wanted,
      );
    await answers('s1', three?.ip, 'X');
    await answers('s2', three?.ip, 'X');
    await space.of(Pods).patch('s1', { metadata: { labels: { guest: 'yes' } } }, { type: 'merge', namespace: space.namespace });
    const from = [{ from: [{ podSelector: { matchLabels: { guest: 'yes' } } }] }];
    await space.of(NetworkPolicies).patch('wall', { spec: policy(from) }, { type: 'merge', namespace: space.namespace });
    await answers('s1');
    await answers('s2', three?.ip, 'X');
    await answers('s3', one?.ip, 'X');
  }));

test('logs and commands of pods on every node', () =>
  inSpace(cluster, async (space) => {
    const all = await servers(space, 'talk');
    for (const { name } of all) {
      await until(`the word of ${name}`, async () => /Started HTTP server on port 8080/.test(await space.kubectl.ok('logs', name)));
      assert.equal(await space.exec(name, 'hostname'), `${name}\n`);
    }
    await until('usage of every node', async () => {
      const text = (await cluster.kubectl('top', 'nodes', '--no-headers')).stdout;
      return cluster.nodes.every(({ name }) => text.includes(name)) && !text.includes('unknown');
    });
  }));

test('a drained node is left by its pods, and an agent that starts again takes them up', () =>
  inSpace(cluster, async (space) => {
    const [, second, third] = cluster.nodes;
    assert.ok(second && third);
    const container = { name: 'main', image: agnhost, args: ['netexec'] };
    const template = { metadata: { labels: { app: 'd' } }, spec: { terminationGracePeriodSeconds: 2, containers: [container] } };
    await space.create(Deployments, { metadata: { name: 'd' }, spec: { replicas: 3, selector: { matchLabels: { app: 'd' } }, template } });
    await space.until(Deployments, 'd', ({ status }) => status?.readyReplicas === 3);
    const drained = await cluster.kubectl.with({ timeout: 300_000 })(
      'drain',
      third.name,
      '--ignore-daemonsets',
      '--force',
      '--timeout=240s',
    );
    assert.equal(drained.code, 0, drained.stderr + drained.stdout);
    const left = await until('three run elsewhere', async () => {
      const pods = await space.list(Pods, 'app=d');
      return pods.length === 3 && pods.every((pod) => isReady(pod) && !pod.metadata.deletionTimestamp) && pods;
    });
    assert.ok(left.every(({ spec }) => spec.nodeName !== third.name));
    await cluster.kubectl.ok('uncordon', third.name);
    const mine = left.find(({ spec }) => spec.nodeName === second.name) ?? left[0];
    const before = mine?.status.containerStatuses?.[0]?.containerID;
    const { pid } = JSON.parse(await cluster.world.fs.readText(`${second.dataDir}/run.json`)) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await until('the agent is gone', () => !existsSync(`/proc/${pid}`));
    // No token this time: the node still has its certificates.
    await cluster.startAgent(second);
    const after = await space.until(Pods, mine?.metadata.name ?? '', isReady);
    assert.equal(after.status.containerStatuses?.[0]?.containerID, before);
    const name = mine?.metadata.name ?? '';
    await until('its commands run', async () => (await space.exec(name, 'hostname').catch(() => '')) === `${name}\n`);
  }));
