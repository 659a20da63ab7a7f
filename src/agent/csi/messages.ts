// The messages of the Container Storage Interface (csi.v1) that a node sends and gets.
import { defineMessages } from '#format/protomessages.ts';

/** Codecs by name; each call's are `<Method>Request` and `<Method>Response`. */
export const messages = defineMessages(
  {
    Topology: 'segments=1:{string}',
    BlockVolume: '',
    MountVolume: 'fsType=1 mountFlags=2:[string] volumeMountGroup=3',
    AccessMode: 'mode=1:Mode',
    VolumeCapability: 'block=1:BlockVolume mount=2:MountVolume accessMode=3:AccessMode',
    CapacityRange: 'requiredBytes=1:int64 limitBytes=2:int64',
    NodeServiceCapability: 'rpc=1:NodeRpc',
    NodeRpc: 'type=1:RpcType',
    VolumeUsage: 'available=1:int64 total=2:int64 used=3:int64 unit=4:Unit',

    NodeStageVolumeRequest:
      'volumeId=1 publishContext=2:{string} stagingTargetPath=3 volumeCapability=4:VolumeCapability secrets=5:{string} volumeContext=6:{string}',
    NodeStageVolumeResponse: '',
    NodeUnstageVolumeRequest: 'volumeId=1 stagingTargetPath=2',
    NodeUnstageVolumeResponse: '',
    NodePublishVolumeRequest:
      'volumeId=1 publishContext=2:{string} stagingTargetPath=3 targetPath=4 volumeCapability=5:VolumeCapability readonly=6:bool secrets=7:{string} volumeContext=8:{string}',
    NodePublishVolumeResponse: '',
    NodeUnpublishVolumeRequest: 'volumeId=1 targetPath=2',
    NodeUnpublishVolumeResponse: '',
    NodeGetVolumeStatsRequest: 'volumeId=1 volumePath=2 stagingTargetPath=3',
    NodeGetVolumeStatsResponse: 'usage=1:[VolumeUsage]',
    NodeExpandVolumeRequest:
      'volumeId=1 volumePath=2 capacityRange=3:CapacityRange stagingTargetPath=4 volumeCapability=5:VolumeCapability secrets=6:{string}',
    NodeExpandVolumeResponse: 'capacityBytes=1:int64',
    NodeGetCapabilitiesRequest: '',
    NodeGetCapabilitiesResponse: 'capabilities=1:[NodeServiceCapability]',
    NodeGetInfoRequest: '',
    NodeGetInfoResponse: 'nodeId=1 maxVolumesPerNode=2:int64 accessibleTopology=3:Topology',
  },
  {
    Mode: 'UNKNOWN SINGLE_NODE_WRITER SINGLE_NODE_READER_ONLY MULTI_NODE_READER_ONLY MULTI_NODE_SINGLE_WRITER MULTI_NODE_MULTI_WRITER SINGLE_NODE_SINGLE_WRITER SINGLE_NODE_MULTI_WRITER',
    RpcType: 'UNKNOWN STAGE_UNSTAGE_VOLUME GET_VOLUME_STATS EXPAND_VOLUME VOLUME_CONDITION SINGLE_NODE_MULTI_WRITER VOLUME_MOUNT_GROUP',
    Unit: 'UNKNOWN BYTES INODES',
  },
);
