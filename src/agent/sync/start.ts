// Starting things: a pod's sandbox, a container. Each step with kubelet's events and reasons.
import { messageOf } from '#base/errors.ts';
import type { EphemeralContainer } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { quantityValue } from '#format/quantity.ts';
import { RuntimeClasses } from '#api/refs.ts';
import { containerConfig, logPath } from '../config/container.ts';
import { podHostName } from '../config/hostname.ts';
import type { MemoryQos } from '../config/memoryqos.ts';
import { sandboxConfig } from '../config/sandbox.ts';
import { expander } from '../env/expand.ts';
import { ConfigError, makeEnv } from '../env/make.ts';
import { hostNetworkHosts, podHosts } from '../hosts/hosts.ts';
import { podDir, podLogDir } from '../options.ts';
import type { AnyContainer } from '../parts.ts';
import type { ContainerConfig, Mount, SandboxConfig } from '../runtime.ts';
import { type AgentContext, containerPath, StartError } from './context.ts';
import { HookError, runHook } from './hooks.ts';
import { imageMounts, pullVolumes } from './imagevolumes.ts';
import type { Start } from './planning.ts';
import { ensureImage, grpcText, type PulledImage } from './pull.ts';
import { uidOf } from './spec.ts';
import { latest, type PodState } from './state.ts';

/** The configuration of a pod's sandbox; also needed to create containers in it. */
export async function makeSandboxConfig(
  context: AgentContext,
  pod: Pod,
  about: { attempt: number; cgroupParent: string },
): Promise<SandboxConfig> {
  return sandboxConfig(pod, about.attempt, {
    options: context.options,
    cgroupParent: about.cgroupParent,
    resolv: await context.resolv(),
    security: context.security,
  });
}

/** Makes and starts a sandbox; resolves with the pod's new state. */
export async function startSandbox(
  context: AgentContext,
  pod: Pod,
  about: { readonly config: SandboxConfig; readonly signal: AbortSignal },
): Promise<PodState> {
  const { name, namespace = '' } = pod.metadata;
  const uid = uidOf(pod);
  await context.world.fs.mkdir(podLogDir(context.options.dataDir, { namespace, name, uid }), 0o755);
  const handler = await runtimeHandler(context, pod);
  const id = await context.starts.run(() => {
    about.signal.throwIfAborted();
    return context.runtime.runSandbox(about.config, handler, about.signal);
  });
  return context.cache.addSandbox({ uid, name, namespace }, id);
}

async function runtimeHandler(context: AgentContext, pod: Pod): Promise<string> {
  const name = pod.spec.runtimeClassName;
  if (!name) return context.options.runtimeHandler;
  return (await context.client.resource(RuntimeClasses).get(name)).handler;
}

async function hostsMount(context: AgentContext, pod: Pod, about: { ips: readonly string[]; container: AnyContainer }): Promise<Mount[]> {
  if ((about.container.volumeMounts ?? []).some((mount) => mount.mountPath === '/etc/hosts')) return [];
  const { fs } = context.world;
  const path = `${podDir(context.options.dataDir, uidOf(pod))}/etc-hosts`;
  const aliases = pod.spec.hostAliases ?? [];
  const text = pod.spec.hostNetwork
    ? hostNetworkHosts(await fs.readText('/etc/hosts').catch(() => ''), aliases)
    : podHosts({ ips: about.ips, ...podHostName(pod, context.options.clusterDomain), aliases });
  const known = await fs.readText(path).catch(() => undefined);
  // Written in place: running containers have this very file mounted.
  if (known !== text) await fs.write(path, text, { mode: 0o644 });
  return [{ containerPath: '/etc/hosts', hostPath: path, readonly: about.container.securityContext?.readOnlyRootFilesystem === true }];
}

async function terminationMount(context: AgentContext, pod: Pod, container: AnyContainer): Promise<Mount[]> {
  const containerFile = container.terminationMessagePath ?? '/dev/termination-log';
  if (containerFile === '') return [];
  const { fs, random } = context.world;
  const directory = `${podDir(context.options.dataDir, uidOf(pod))}/containers/${container.name}`;
  await fs.mkdir(directory, 0o750);
  const path = `${directory}/${Buffer.from(random.bytes(4)).toString('hex')}`;
  // Whatever user the container runs as may write its message.
  await fs.write(path, '', { mode: 0o666 });
  await fs.chmod(path, 0o666);
  return [{ containerPath: containerFile, hostPath: path }];
}

/** A pod with the address that it has now, as env and downward API see it. */
function withIps(context: AgentContext, pod: Pod, ips: readonly string[]): Pod {
  const { nodeIps } = context.options;
  const [podIP] = ips;
  const status = {
    ...pod.status,
    hostIP: nodeIps[0],
    hostIPs: nodeIps.map((ip) => ({ ip })),
    ...(podIP === undefined ? {} : { podIP, podIPs: ips.map((ip) => ({ ip })) }),
  };
  return { ...pod, status };
}

export interface StartInput {
  readonly start: Start;
  readonly state: PodState;
  readonly sandbox: { readonly id: string; readonly config: SandboxConfig; readonly ips: readonly string[] };
  readonly signal: AbortSignal;
}

async function configure(
  context: AgentContext,
  pod: Pod,
  input: StartInput,
  image: PulledImage & { readonly volumes: ReadonlyMap<string, string> },
): Promise<ContainerConfig> {
  const { container, restartCount, kind } = input.start;
  const { ips } = input.sandbox;
  const current = withIps(context, pod, ips);
  const { env, invalid } = await makeEnv(current, container, {
    objects: context.objects,
    services: await context.services(pod),
    allocatable: context.allocatable,
    readVolumeFile: (volume, path) => readEmptyDir(context, pod, { volume, path }),
  });
  if (invalid.length > 0) {
    const message = `Keys [${invalid.join(', ')}] from the EnvFrom source were skipped since they are considered invalid environment variable names.`;
    context.recorder.event(pod, 'Warning', 'InvalidEnvironmentVariableNames', message, { fieldPath: containerPath(kind, container.name) });
  }
  const volumeMounts = await context.volumes.mounts(current, container, expander(env));
  const mounts = [
    ...volumeMounts,
    ...imageMounts(pod, container, image.volumes),
    ...(await hostsMount(context, pod, { ips, container })),
    ...(await terminationMount(context, pod, container)),
  ];
  const target = (container as EphemeralContainer).targetContainerName;
  const targetId = target ? latest(input.state, target)?.id : undefined;
  await context.world.fs.mkdir(`${input.sandbox.config.logDirectory}/${container.name}`, 0o755);
  const devices = await context.devices.use(pod, container.name);
  return containerConfig(pod, container, {
    env: new Map([...Object.entries(devices.envs), ...env]),
    mounts: [
      ...mounts,
      ...devices.mounts.map(({ containerPath: path, hostPath, readOnly }) => ({ containerPath: path, hostPath, readonly: readOnly })),
    ],
    given: { ...devices, cdiDevices: [...devices.cdiDevices, ...context.claims.devices(pod, container)] },
    devices: context.volumes.devices(current, container),
    restartCount,
    imageRef: image.ref,
    image: image.image,
    memoryCapacity: Number(context.capacity['memory-bytes'] ?? 0),
    cpus: context.cpus.of(pod, container.name),
    memoryNodes: context.memory.of(pod, container.name),
    memoryQos: memoryQosOf(context),
    cpuQuota: context.options.cpuQuota,
    hugepageSizes: context.hugepageSizes,
    security: context.security,
    ...(targetId ? { targetId } : {}),
  });
}

/** How memory is protected and throttled; undefined: it is not. */
export function memoryQosOf({ options, allocatable }: AgentContext): MemoryQos | undefined {
  return options.memoryQos && { ...options.memoryQos, allocatable: quantityValue(allocatable['memory'] ?? '0') };
}

async function readEmptyDir(context: AgentContext, pod: Pod, file: { volume: string; path: string }): Promise<string | undefined> {
  const path = `${podDir(context.options.dataDir, uidOf(pod))}/volumes/kubernetes.io~empty-dir/${file.volume}/${file.path}`;
  return context.world.fs.readText(path).catch(() => undefined);
}

/**
 * A log of the same number left by another life of this pod would be appended to. The runtime writes only once the container
 * runs, and has just refused a second one of its name and number: nobody uses the file.
 */
async function clearOldLog(context: AgentContext, input: StartInput): Promise<void> {
  const { container, restartCount } = input.start;
  if (latest(input.state, container.name)) return;
  await context.world.fs.remove(`${input.sandbox.config.logDirectory}/${logPath(container.name, restartCount)}`);
}

/**
 * Takes away a container that was made and has not run. An earlier life of the agent may have asked for its start, which may be
 * under way: the runtime then refuses, the container runs in a moment, and no second one must be made beside it.
 */
async function removeUnstarted({ runtime, cache }: AgentContext, pod: Pod, { start, state, sandbox }: StartInput): Promise<void> {
  const instance = latest(state, start.container.name);
  if (instance?.state !== 'created') return;
  try {
    await runtime.removeContainer(instance.id);
  } finally {
    await cache.refreshContainer(uidOf(pod), instance.id, sandbox.id);
  }
}

/** Starts one container: image, configuration, create, start, postStart hook. Rejects with StartError. */
export async function startContainer(context: AgentContext, pod: Pod, input: StartInput): Promise<PodState> {
  const { runtime, recorder, cache } = context;
  const { container, kind } = input.start;
  const fieldPath = containerPath(kind, container.name);
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.event(pod, type, reason, message, { fieldPath });
  const refuse = (reason: string, message: string, cause: unknown): StartError => {
    event('Warning', 'Failed', `Error: ${message}`);
    return new StartError(reason, message, { cause });
  };

  let image: PulledImage;
  let volumes: ReadonlyMap<string, string>;
  try {
    const about = { fieldPath, sandbox: input.sandbox.config, signal: input.signal };
    volumes = await pullVolumes(context, pod, { ...about, container });
    const policy = container.imagePullPolicy ? { pullPolicy: container.imagePullPolicy } : {};
    image = await ensureImage(context, pod, { ...about, wanted: { reference: container.image ?? '', ...policy } });
  } catch (error) {
    if (error instanceof StartError) event('Warning', 'Failed', `Error: ${error.reason}`);
    throw error;
  }
  let config: ContainerConfig;
  try {
    config = await configure(context, pod, input, { ...image, volumes });
  } catch (error) {
    throw refuse('CreateContainerConfigError', error instanceof ConfigError ? error.message : messageOf(error), error);
  }
  input.signal.throwIfAborted();
  const uid = uidOf(pod);
  return context.starts
    .run(
      async () => {
        let id: string;
        try {
          await removeUnstarted(context, pod, input);
          id = await runtime.createContainer(input.sandbox.id, config, input.sandbox.config);
        } catch (error) {
          throw refuse('CreateContainerError', grpcText(error).replace(/^rpc error: code = \w+ desc = /, ''), error);
        }
        await clearOldLog(context, input);
        event('Normal', 'Created', 'Container created');
        try {
          await runtime.startContainer(id);
        } catch (error) {
          await cache.refreshContainer(uid, id, input.sandbox.id);
          const text = grpcText(error).replace(/^rpc error: code = \w+ desc = /, '');
          throw refuse('RunContainerError', text, error);
        }
        event('Normal', 'Started', 'Container started');
        return id;
      },
      { first: true },
    )
    .then(async (id) => {
      const state = (await cache.refreshContainer(uid, id, input.sandbox.id)) ?? input.state;
      await postStart(context, pod, { input, id });
      return state;
    });
}

async function postStart(context: AgentContext, pod: Pod, about: { input: StartInput; id: string }): Promise<void> {
  const { container, kind } = about.input.start;
  const handler = container.lifecycle?.postStart;
  if (!handler) return;
  try {
    await runHook(
      context,
      handler,
      { pod, container, containerId: about.id, ip: about.input.sandbox.ips[0] ?? context.options.nodeIps[0] ?? '' },
      { seconds: 0, signal: about.input.signal },
    );
  } catch (error) {
    if (about.input.signal.aborted && !(error instanceof HookError)) throw error;
    const event = (reason: string, message: string, type: 'Normal' | 'Warning'): void =>
      context.recorder.event(pod, type, reason, message, { fieldPath: containerPath(kind, container.name) });
    event('FailedPostStartHook', 'PostStartHook failed', 'Warning');
    event('Killing', 'FailedPostStartHook', 'Normal');
    await context.runtime.stopContainer(about.id, Number(pod.spec.terminationGracePeriodSeconds ?? 30));
    await context.cache.refreshContainer(uidOf(pod), about.id);
    throw new StartError('PostStartHookError', messageOf(error), { cause: error });
  }
}
