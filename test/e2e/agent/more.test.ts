// Less common wishes of pods, on a real runtime: resizing, ephemeral containers, host network, security, volumes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '#api/core/v1/pod.ts';
import { ConfigMaps, Nodes, Pods, ResourceClaims, Secrets } from '#api/refs.ts';
import { defineMessages } from '#format/protomessages.ts';
import { type ClaimRef, draMessages } from '#agent/dra/driver.ts';
import { buildImage } from '#agent/images/build.ts';
import { messages as podResourcesMessages, type PodEntry } from '#agent/podresources/messages.ts';
import { busyboxLayer } from '../../images/busybox.ts';
import { until } from '../../support/until.ts';
import { startPlugin } from '../../support/deviceplugin.ts';
import { processes } from './leaks.ts';
import { startRegistry } from './registry.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const main = (pod: Pod) => pod.status?.containerStatuses?.find((status) => status.name === 'main');

if (await inNamespace(import.meta.filename)) {
  test('more of pods', { concurrency: true }, async (t) => {
    await using node = await startAgentNode();
    const { client } = node;
    const namespace = 'default';
    const pods = client.resource(Pods);
    const run = async (pod: Pod, script: string, container = main(pod)): Promise<string> => {
      const id = container?.containerID?.replace('containerd://', '') ?? '';
      const result = await node.instance.runtime.execSync(id, ['/bin/sh', '-c', script], 60);
      return Buffer.from(result.stdout).toString('utf8') + Buffer.from(result.stderr).toString('utf8');
    };

    await Promise.all([
      t.test('a container is resized in place', async () => {
        const size = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });
        await node.createPod(shellPod('resize', 'sleep 1000', { container: { resources: size('100m', '32Mi') } }));
        const before = await node.until('resize', isReady);
        assert.deepEqual(main(before)?.resources, size('100m', '32Mi'));
        const patch = (cpu: string, memory: string) =>
          pods.patch(
            'resize',
            { spec: { containers: [{ name: 'main', resources: size(cpu, memory) }] } },
            { type: 'strategic', namespace, subresource: 'resize' },
          );
        await patch('200m', '64Mi');
        const after = await node.until('resize', (pod) => main(pod)?.resources?.limits?.['memory'] === '64Mi');
        assert.equal(main(after)?.restartCount, 0);
        assert.equal(main(after)?.containerID, main(before)?.containerID);
        assert.deepEqual(main(after)?.resources, size('200m', '64Mi'));
        const limits = await run(
          after,
          'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max',
        );
        assert.match(limits, /^67108864\n20000/);
        await patch('1000', '64Mi');
        const waiting = await node.until('resize', (pod) =>
          pod.status?.conditions?.some((condition) => condition.type === 'PodResizePending'),
        );
        const condition = waiting.status?.conditions?.find((candidate) => candidate.type === 'PodResizePending');
        assert.equal(condition?.reason, 'Infeasible');
        await patch('150m', '64Mi');
        await node.until(
          'resize',
          (pod) =>
            main(pod)?.resources?.limits?.['cpu'] === '150m' &&
            !pod.status?.conditions?.some((candidate) => candidate.type === 'PodResizePending'),
        );
      }),

      t.test('devices of a plugin are given out, kept apart and given back', async () => {
        const resource = 'example.com/gadget';
        const plugin = await startPlugin(`${node.dataDir}/device-plugins`, resource);
        try {
          const amounts = async (): Promise<(string | undefined)[]> => {
            const { status } = await client.resource(Nodes).get('node1');
            return [status.capacity?.[resource], status.allocatable?.[resource]];
          };
          const shown = (...expected: (string | undefined)[]): Promise<unknown> =>
            until(`the node has ${expected.join()}`, async () => isDeepStrictEqual(await amounts(), expected));
          plugin.tell(['a', 'b', 'c'].map((id) => ({ id, health: id === 'c' ? 'Unhealthy' : 'Healthy' })));
          await shown('3', '2');
          const wants = (name: string, count: string) =>
            node.createPod(
              shellPod(name, 'echo $GADGETS; ls /dev/gadget-* /gadget-info; sleep 1000', {
                container: { resources: { limits: { [resource]: count } } },
              }),
            );
          await wants('first', '1');
          const first = await node.until('first', isReady);
          assert.deepEqual(plugin.allocated, [['b']]);
          assert.deepEqual(plugin.prepared, [['b']]);
          assert.match(await run(first, 'echo $GADGETS; ls /dev/gadget-* /gadget-info'), /^b\n\/dev\/gadget-b\n\/gadget-info\n$/);
          // An exporter on the node asks which pod has it.
          const exporter = node.world.grpc.connect(`${node.dataDir}/pod-resources/kubelet.sock`);
          const listed = await exporter.unary('/v1.PodResourcesLister/List', new Uint8Array());
          exporter.close();
          const { podResources } = podResourcesMessages.ListPodResourcesResponse.decode(listed) as { podResources: PodEntry[] };
          const owners = podResources.filter(({ containers }) => containers.some(({ devices }) => devices.length > 0));
          assert.deepEqual(
            owners.map(({ namespace: space, name, containers }) => [space, name, containers[0]?.devices]),
            [[namespace, 'first', [{ resourceName: resource, deviceIds: ['b'] }]]],
          );
          await wants('second', '1');
          await node.until('second', isReady);
          assert.deepEqual(plugin.allocated.at(-1), ['a']);
          await wants('third', '1');
          const third = await node.until('third', (pod) => pod.status?.phase === 'Failed');
          assert.equal(third.status?.reason, `OutOf${resource}`);
          await pods.delete('first', { namespace, options: { gracePeriodSeconds: 0 } });
          await until('the device is free', async () => {
            await pods.delete('fourth', { namespace, options: { gracePeriodSeconds: 0 } }).catch(() => undefined);
            await node.untilGone('fourth');
            await wants('fourth', '1');
            return isReady(await node.until('fourth', (pod) => isReady(pod) || pod.status?.phase === 'Failed'));
          });
          assert.deepEqual(plugin.allocated.at(-1), ['b']);
        } finally {
          plugin.close();
        }
        await until('a plugin that is gone offers nothing', async () => {
          const { status } = await client.resource(Nodes).get('node1');
          return status.allocatable?.[resource] === '0';
        });
      }),

      t.test('claims are prepared by their driver before the pod starts, and taken back after its end', async () => {
        const asked: string[] = [];
        const name = 'gadgets.example.com';
        const socket = `${node.dataDir}/plugins_registry/${name}.sock`;
        const registration = defineMessages({ PluginInfo: 'type=1 name=2 endpoint=3 supportedVersions=4:[string]' });
        const info = { type: 'DRAPlugin', name, endpoint: socket, supportedVersions: ['v1.DRAPlugin'] };
        const service = '/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin';
        const refOf = (bytes: Uint8Array): ClaimRef =>
          (draMessages.NodePrepareResourcesRequest.decode(bytes) as { claims: [ClaimRef] }).claims[0];
        let broken = true;
        const driver = await node.world.grpc.serve(socket, {
          '/pluginregistration.Registration/GetInfo': () => Promise.resolve(registration.PluginInfo.encode(info)),
          '/pluginregistration.Registration/NotifyRegistrationStatus': () => Promise.resolve(new Uint8Array()),
          [`${service}/NodePrepareResources`]: (bytes) => {
            const claim = refOf(bytes);
            asked.push(`prepare ${claim.namespace}/${claim.name}`);
            const result = broken
              ? { error: 'no such luck' }
              : { devices: [{ requestNames: ['r'], poolName: 'p', deviceName: 'd', cdiDeviceIds: [] }] };
            broken = false;
            return Promise.resolve(draMessages.NodePrepareResourcesResponse.encode({ claims: { [claim.uid]: result } }));
          },
          [`${service}/NodeUnprepareResources`]: (bytes) => {
            const claim = refOf(bytes);
            asked.push(`unprepare ${claim.namespace}/${claim.name}`);
            return Promise.resolve(draMessages.NodeUnprepareResourcesResponse.encode({ claims: { [claim.uid]: {} } }));
          },
        });
        try {
          const claims = client.resource(ResourceClaims);
          const requests = [{ name: 'r', exactly: { deviceClassName: 'gadgets', allocationMode: 'ExactCount' as const, count: 1 } }];
          const claim = await claims.create({ metadata: { name: 'gadget' }, spec: { devices: { requests } } }, { namespace });
          const made = await node.createPod(
            shellPod('claims', 'sleep 1000', {
              container: { resources: { claims: [{ name: 'g' }] } },
              spec: { resourceClaims: [{ name: 'g', resourceClaimName: 'gadget' }] },
            }),
          );
          await node.told('claims', /is not allocated$/);
          const status = {
            allocation: { devices: { results: [{ request: 'r', driver: name, pool: 'p', device: 'd' }] } },
            reservedFor: [{ resource: 'pods', name: 'claims', uid: made.metadata.uid ?? '' }],
          };
          await claims.update({ ...claim, status }, { namespace, subresource: 'status' });
          await node.until('claims', isReady);
          assert.deepEqual(asked, ['prepare default/gadget', 'prepare default/gadget']);
          await node.told('claims', /^FailedPrepareDynamicResources: .*no such luck$/);
          await pods.delete('claims', { namespace, options: { gracePeriodSeconds: 0 } });
          await until('the claim is taken back', () => asked.at(-1) === 'unprepare default/gadget');
        } finally {
          driver.close();
        }
      }),

      t.test('an ephemeral container joins a running pod', async () => {
        await node.createPod(shellPod('debugged', 'sleep 1000'));
        await node.until('debugged', isReady);
        const debug = { name: 'debug', image: 'busybox:1', command: ['sleep', '1000'], targetContainerName: 'main' };
        await pods.patch(
          'debugged',
          { spec: { ephemeralContainers: [debug] } },
          { type: 'strategic', namespace, subresource: 'ephemeralcontainers' },
        );
        const pod = await node.until('debugged', (seen) => seen.status?.ephemeralContainerStatuses?.[0]?.state?.running);
        assert.equal(main(pod)?.restartCount, 0);
        assert.match(await run(pod, 'ps', pod.status?.ephemeralContainerStatuses?.[0]), /sleep 1000/);
      }),

      t.test('a pod in the network of the node', async () => {
        await node.createPod(shellPod('host', 'sleep 1000', { spec: { hostNetwork: true } }));
        const pod = await node.until('host', isReady);
        assert.equal(pod.status?.podIP, '127.0.0.1');
        assert.match(await run(pod, 'cat /etc/hosts'), /^# Kubernetes-managed hosts file \(host network\)\.\n/);
      }),

      t.test('users, groups, capabilities, a read-only root', async () => {
        await node.createPod(
          shellPod('secure', 'sleep 1000', {
            container: {
              securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
            spec: {
              securityContext: {
                runAsUser: 1000,
                runAsGroup: 2000,
                supplementalGroups: [3000],
                fsGroup: 4000,
                seccompProfile: { type: 'RuntimeDefault' },
              },
            },
          }),
        );
        const pod = await node.until('secure', isReady);
        const said = await run(pod, 'id -u; id -g; id -G; touch /x; grep -E "NoNewPrivs|CapEff|Seccomp:" /proc/1/status');
        assert.match(said, /^1000\n2000\n2000 3000 4000\n/);
        assert.match(said, /CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2/);
        assert.match(said, /Read-only file system/);
        const own = (pid: number): boolean => {
          try {
            return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`/pod${pod.metadata.uid}/`);
          } catch {
            // Somebody else's, which is over.
            return false;
          }
        };
        const [sandbox] = processes('/pause').filter(own);
        assert.match(readFileSync(`/proc/${sandbox}/status`, 'utf8'), /^Seccomp:\t2$/m);
      }),

      t.test('runAsNonRoot refuses an image that runs as root', async () => {
        await node.createPod(shellPod('root', 'sleep 1000', { container: { securityContext: { runAsNonRoot: true } } }));
        const pod = await node.until('root', (seen) => main(seen)?.state?.waiting?.reason === 'CreateContainerConfigError');
        assert.match(
          main(pod)?.state?.waiting?.message ?? '',
          /^container has runAsNonRoot and image will run as root \(pod: "root_default\(/,
        );
      }),

      t.test('a ConfigMap that changes is seen in the volume', async () => {
        await client.resource(ConfigMaps).create({ metadata: { name: 'files', namespace }, data: { color: 'red' } }, { namespace });
        await node.createPod(
          shellPod('volume', 'sleep 1000', {
            container: { volumeMounts: [{ name: 'files', mountPath: '/files' }] },
            spec: { volumes: [{ name: 'files', configMap: { name: 'files' } }] },
          }),
        );
        const pod = await node.until('volume', isReady);
        assert.equal(await run(pod, 'cat /files/color'), 'red');
        await client.resource(ConfigMaps).patch('files', { data: { color: 'blue' } }, { type: 'merge', namespace });
        await until('the new value', async () => (await run(pod, 'cat /files/color')) === 'blue');
      }),

      t.test('a pod waits for a volume that cannot be mounted yet', async () => {
        await node.createPod(
          shellPod('waits', 'sleep 1000', {
            container: { volumeMounts: [{ name: 'f', mountPath: '/f' }] },
            spec: { volumes: [{ name: 'f', configMap: { name: 'tardy' } }] },
          }),
        );
        await node.until('waits', (pod) => main(pod)?.state?.waiting?.reason === 'ContainerCreating');
        await node.told('waits', 'FailedMount: MountVolume.SetUp failed for volume "f" : configmap "tardy" not found');
        await client.resource(ConfigMaps).create({ metadata: { name: 'tardy', namespace }, data: { a: 'b' } }, { namespace });
        await node.until('waits', isReady);
      }),

      t.test('an image that needs a password is only for pods that have it, also when it is there', async () => {
        const source = await buildImage(node.world, { names: [], config: { Cmd: ['sh'] }, layers: [await busyboxLayer(node.world)] });
        await using registry = await startRegistry(source);
        const { image } = registry;
        const secret = async (name: string, password: string): Promise<string | undefined> => {
          const data = { '.dockerconfigjson': Buffer.from(JSON.stringify(registry.config(password))).toString('base64') };
          const made = await client
            .resource(Secrets)
            .create({ metadata: { name, namespace }, type: 'kubernetes.io/dockerconfigjson', data }, { namespace });
          return made.metadata.uid;
        };
        const [uid] = await Promise.all([secret('right', 'open sesame'), secret('copy', 'open sesame'), secret('wrong', 'x')]);
        const box = (name: string, imagePullPolicy: string, secretName?: string) =>
          node.createPod(
            shellPod(name, 'sleep 1000', {
              container: { image, imagePullPolicy },
              spec: secretName ? { imagePullSecrets: [{ name: secretName }] } : {},
            }),
          );
        const refused = async (name: string, reason: RegExp): Promise<string> => {
          const pod = await node.until(name, (seen) => reason.test(main(seen)?.state?.waiting?.reason ?? ''));
          return main(pod)?.state?.waiting?.message ?? '';
        };
        await box('boxed', 'IfNotPresent', 'right');
        await node.until('boxed', isReady);
        const { served } = registry;
        assert.ok(served > 0);
        const folder = `${node.dataDir}/image_manager`;
        const records = (await node.world.fs.list(`${folder}/pulled`)).map((name) => readFileSync(`${folder}/pulled/${name}`, 'utf8'));
        assert.match(records.find((text) => text.includes('/private/box"')) ?? '', new RegExp(`"uid":"${uid}".*"name":"right"`));

        await box('stranger', 'IfNotPresent');
        assert.match(await refused('stranger', /^(ErrImagePull|ImagePullBackOff)$/), /401|[Aa]uthoriz/);
        await box('forger', 'IfNotPresent', 'wrong');
        assert.match(await refused('forger', /^(ErrImagePull|ImagePullBackOff)$/), /401|[Aa]uthoriz/);
        await box('silent', 'Never');
        assert.equal(await refused('silent', /^ErrImageNeverPull$/), `Container image "${image}" is not present with pull policy of Never`);
        await box('twin', 'Never', 'copy');
        await node.until('twin', isReady);
        assert.equal(registry.served, served, 'nothing of it was pulled again');
        await Promise.all(['stranger', 'forger', 'silent'].map((name) => pods.delete(name, { namespace })));
      }),

      t.test('processes are shared when the pod wants it', async () => {
        await node.createPod(shellPod('shared', 'sleep 1000', { spec: { shareProcessNamespace: true } }));
        const pod = await node.until('shared', isReady);
        assert.match(await run(pod, 'cat /proc/1/cmdline'), /pause/);
      }),

      t.test('an unsafe sysctl is refused, a safe one is set', async () => {
        const sysctl = (name: string, value: string) => ({ spec: { securityContext: { sysctls: [{ name, value }] } } });
        await node.createPod(shellPod('unsafe', 'sleep 1000', sysctl('kernel.msgmax', '1000')));
        await node.createPod(shellPod('safe', 'sleep 1000', sysctl('kernel.shm_rmid_forced', '1')));
        assert.equal((await node.until('unsafe', (pod) => pod.status?.phase === 'Failed')).status?.reason, 'SysctlForbidden');
        assert.equal(await run(await node.until('safe', isReady), 'cat /proc/sys/kernel/shm_rmid_forced'), '1\n');
      }),
    ]);
  });
}
