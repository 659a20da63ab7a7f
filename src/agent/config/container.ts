// The configuration of a container: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { expander } from '../env/expand.ts';
import type { ContainerDevices } from '../devices/messages.ts';
import type { AnyContainer } from '../parts.ts';
import type { ContainerConfig, Mount, RuntimeImage } from '../runtime.ts';
import { containerAnnotations, containerLabels } from '../sync/labels.ts';
import { containerResources, type NodeShare } from './resources.ts';
import { containerSecurity, type NodeSecurity } from './security.ts';

export interface ContainerInput extends NodeShare {
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly devices?: NonNullable<ContainerConfig['devices']>;
  readonly restartCount: number;
  /** What the runtime calls the image, and what it knows about it. */
  readonly imageRef: string;
  readonly image: RuntimeImage | undefined;
  /** What device plugins give to it. */
  readonly given?: Pick<ContainerDevices, 'devices' | 'annotations' | 'cdiDevices'>;
  readonly security: NodeSecurity;
  /** Container that an ephemeral container looks into. */
  readonly targetId?: string;
}

/** File name of a container's log below the pod's log directory. */
export const logPath = (container: string, restartCount: number): string => `${container}/${restartCount}.log`;

/** What CreateContainer is asked. Rejects with ConfigError. */
export function containerConfig(pod: Pod, container: AnyContainer, input: ContainerInput): ContainerConfig {
  const expand = expander(input.env);
  return {
    metadata: { name: container.name, attempt: input.restartCount },
    image: { image: input.imageRef, userSpecifiedImage: container.image ?? '' },
    command: (container.command ?? []).map(expand),
    args: (container.args ?? []).map(expand),
    workingDir: container.workingDir ?? '',
    envs: [...input.env].map(([key, value]) => ({ key, value })),
    mounts: input.mounts,
    devices: [...(input.devices ?? []), ...(input.given?.devices ?? [])],
    ...(input.given?.cdiDevices.length ? { cdiDevices: input.given.cdiDevices } : {}),
    labels: containerLabels(pod, container),
    annotations: { ...input.given?.annotations, ...containerAnnotations(pod, container, input.restartCount) },
    logPath: logPath(container.name, input.restartCount),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    ...(container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
    linux: {
      resources: containerResources(pod, container, input),
      securityContext: containerSecurity(pod, container, {
        image: input.image,
        node: input.security,
        ...(input.targetId ? { targetId: input.targetId } : {}),
      }),
    },
  };
}
