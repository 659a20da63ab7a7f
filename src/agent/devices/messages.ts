// The device plugin API v1beta1 (k8s.io/kubelet/pkg/apis/deviceplugin), as `defineMessages` reads messages.
import { defineMessages } from '#format/protomessages.ts';

export const messages = defineMessages({
  Empty: '',
  RegisterRequest: 'version=1 endpoint=2 resourceName=3 options=4:DevicePluginOptions',
  DevicePluginOptions: 'preStartRequired=1:bool getPreferredAllocationAvailable=2:bool',
  ListAndWatchResponse: 'devices=1:[Device]',
  Device: 'id=1 health=2 topology=3:TopologyInfo',
  TopologyInfo: 'nodes=1:[NUMANode]',
  NUMANode: 'id=1:int64',
  PreferredAllocationRequest: 'containerRequests=1:[ContainerPreferredAllocationRequest]',
  ContainerPreferredAllocationRequest: 'availableDeviceIds=1:[string] mustIncludeDeviceIds=2:[string] allocationSize=3:int32',
  PreferredAllocationResponse: 'containerResponses=1:[ContainerPreferredAllocationResponse]',
  ContainerPreferredAllocationResponse: 'deviceIds=1:[string]',
  AllocateRequest: 'containerRequests=1:[ContainerAllocateRequest]',
  ContainerAllocateRequest: 'devicesIds=1:[string]',
  AllocateResponse: 'containerResponses=1:[ContainerAllocateResponse]',
  ContainerAllocateResponse:
    'envs=1:{string} mounts=2:[DeviceMount] devices=3:[DeviceSpec] annotations=4:{string} cdiDevices=5:[CDIDevice]',
  DeviceMount: 'containerPath=1 hostPath=2 readOnly=3:bool',
  DeviceSpec: 'containerPath=1 hostPath=2 permissions=3',
  CDIDevice: 'name=1',
  PreStartContainerRequest: 'devicesIds=1:[string]',
});

/** The version of the API that plugins must speak. */
export const version = 'v1beta1';

export interface RegisterRequest {
  readonly version: string;
  /** File name of the plugin's socket, beside ours. */
  readonly endpoint: string;
  readonly resourceName: string;
  readonly options?: PluginOptions;
}

export interface PluginOptions {
  readonly preStartRequired: boolean;
  readonly getPreferredAllocationAvailable: boolean;
}

/** What a container needs to use its devices. */
export interface ContainerDevices {
  readonly envs: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly containerPath: string; readonly hostPath: string; readonly readOnly: boolean }[];
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly cdiDevices: readonly { readonly name: string }[];
}

export const noDevices: ContainerDevices = { envs: {}, mounts: [], devices: [], annotations: {}, cdiDevices: [] };

/** What several plugins give to one container. */
export function united(parts: readonly ContainerDevices[]): ContainerDevices {
  return parts.reduce(
    (all, part) => ({
      envs: { ...all.envs, ...part.envs },
      mounts: [...all.mounts, ...part.mounts],
      devices: [...all.devices, ...part.devices],
      annotations: { ...all.annotations, ...part.annotations },
      cdiDevices: [...all.cdiDevices, ...part.cdiDevices],
    }),
    noDevices,
  );
}
