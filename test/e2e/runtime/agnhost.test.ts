// The test image's program does what tests rely on: texts, modes, servers, pod to pod over the pod network.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { importImage } from '#agent/images/import.ts';
import { agnhostImage } from '../../images/agnhost.ts';
import { containerConfig, runPod, sandboxConfig, startTestNode, until, type TestNode } from './support.ts';

let node: TestNode;
before(async () => {
  node = await startTestNode({ subnets: ['10.244.8.0/24'] });
  await importImage(node.world, node.instance.channel, await agnhostImage(node.world));
});
after(async () => {
  await node?.[Symbol.asyncDispose]();
});

const image = { image: 'docker.io/library/agnhost:1' };

/** Runs a container to its end and gives its output. */
async function output(name: string, args: readonly string[], extra: object = {}): Promise<string> {
  const { runtime } = node.instance;
  const { sandboxId, containerId } = await runPod(node, name, containerConfig([], { image, args, ...extra }));
  const status = await until(node.world, 'the end', async () => {
    const now = await runtime.containerStatus(containerId);
    return now.state === 'CONTAINER_EXITED' && now;
  });
  const log = await node.world.fs.readText(status.logPath);
  await runtime.stopSandbox(sandboxId);
  await runtime.removeSandbox(sandboxId);
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\S+ std(out|err) [FP] /, ''))
    .join('\n')
    .trimEnd();
}

test('entrypoint-tester prints its arguments', async () => {
  assert.equal(await output('entry', ['entrypoint-tester', 'a', 'b c']), '[/agnhost entrypoint-tester a b c]');
  assert.equal(await output('entry2', ['entrypoint-tester'], { command: ['/agnhost-2'] }), '[/agnhost-2 entrypoint-tester]');
});

test('mounttest words types, modes, owners and contents', async () => {
  const dir = `${node.dataDir}/mounted`;
  await node.world.fs.mkdir(dir, 0o755);
  await node.world.fs.chmod(dir, 0o2777);
  const mounts = [{ containerPath: '/v', hostPath: dir }];
  const text = await output(
    'mounts',
    ['mounttest', '--new_file_0660=/v/f', '--file_perm=/v/f', '--file_mode=/v', '--file_owner=/v/f', '--file_content=/v/f'],
    { mounts },
  );
  assert.equal(
    text,
    [
      'content of file "/v/f": mount-tester new file',
      '',
      'mode of file "/v": dgrwxrwxrwx',
      'perms of file "/v/f": -rw-rw----',
      'owner UID of "/v/f": 0',
      'owner GID of "/v/f": 0',
      'content of file "/v/f": mount-tester new file',
    ].join('\n'),
  );
  assert.equal(await output('fstype', ['mounttest', '--fs_type=/dev/shm']), 'mount type of "/dev/shm": tmpfs');
  assert.match(
    await output('absent', ['mounttest', '--file_content=/none']),
    /error reading file content for "\/none": open \/none: no such file or directory/,
  );
});

test('netexec answers, dials another pod and ends with the code asked for', async () => {
  const { runtime } = node.instance;
  const server = await runPod(node, 'server', containerConfig([], { image, args: ['netexec', '--http-port=8080', '--udp-port=8081'] }));
  const client = await runPod(node, 'client', containerConfig([], { image, args: ['netexec'] }));
  const ip = (await runtime.sandboxStatus(server.sandboxId)).network?.ip;
  const get = async (path: string): Promise<string> => {
    const result = await runtime.execSync(client.containerId, ['wget', '-qO-', `http://${ip}:8080${path}`], 60);
    return Buffer.from(result.stdout).toString();
  };
  await until(node.world, 'netexec serves', async () => (await get('/hostname')) === 'server');
  const clientIp = (await runtime.sandboxStatus(client.sandboxId)).network?.ip ?? '';
  assert.match(await get('/clientip'), new RegExp(`^${clientIp}:\\d+$`));
  assert.equal(await get('/echo?msg=a%20b'), 'a b');
  assert.equal(await get('/shell?cmd=echo+hi'), '{"output":"hi\\n"}');
  assert.match(await get('/'), /^NOW: /);
  assert.equal(await get(`/dial?host=${clientIp}&port=8081&protocol=udp&request=hostname&tries=2`), '{"responses":["client","client"]}');
  assert.equal(await get(`/dial?host=${clientIp}&port=8080&request=hostname`), '{"responses":["client"]}');
  await get('/exit?code=7');
  const status = await until(node.world, 'the end', async () => {
    const now = await runtime.containerStatus(server.containerId);
    return now.state === 'CONTAINER_EXITED' && now;
  });
  assert.equal(status.exitCode, 7);
});

test('the other servers', async () => {
  const { runtime } = node.instance;
  const envs = [
    { key: 'SERVE_PORT_81', value: 'eighty-one' },
    { key: 'SERVE_TLS_PORT_443', value: 'tls-443' },
  ];
  const web = await runPod(node, 'web', containerConfig([], { image, args: ['test-webserver'] }));
  const name = await runPod(node, 'name', containerConfig([], { image, args: ['serve-hostname'] }));
  const porter = await runPod(node, 'porter', containerConfig([], { image, args: ['porter'], envs }));
  const live = await runPod(node, 'live', containerConfig([], { image, args: ['liveness'] }));
  const get = async (id: string, url: string): Promise<string> =>
    Buffer.from((await runtime.execSync(id, ['wget', '-qO-', url], 60)).stdout).toString();
  await until(node.world, 'test-webserver', async () => (await get(web.containerId, 'http://127.0.0.1/etc/group')).startsWith('root:x:0:'));
  await until(node.world, 'serve-hostname', async () => (await get(name.containerId, 'http://127.0.0.1:9376/')) === 'name');
  await until(node.world, 'porter', async () => (await get(porter.containerId, 'http://127.0.0.1:81/')) === 'eighty-one');
  const curl = ['curl', '-s', '-k', 'https://127.0.0.1:443/'];
  const secure = async (): Promise<string> => Buffer.from((await runtime.execSync(porter.containerId, curl, 60)).stdout).toString();
  await until(node.world, 'porter with TLS', async () => (await secure()) === 'tls-443');
  await until(node.world, 'liveness', async () => (await get(live.containerId, 'http://127.0.0.1:8080/healthz')) === 'ok');
});

test('what a container sees of DNS', async () => {
  const sandbox = sandboxConfig(node, 'dns', { dnsConfig: { servers: ['10.96.0.10'], searches: ['a.svc', 'svc'], options: [] } });
  const { containerId } = await runPod(node, 'dns', containerConfig([], { image, args: ['pause'] }), sandbox);
  const run = async (command: string): Promise<string> =>
    Buffer.from((await node.instance.runtime.execSync(containerId, ['/agnhost', command], 60)).stdout).toString();
  assert.equal(await run('dns-suffix'), 'a.svc,svc');
  assert.equal(await run('dns-server-list'), '10.96.0.10');
});
