// The messages of containerd's own services (content, images, leases, events) that the agent uses: what CRI cannot do.
import { defineMessages } from '#format/protomessages.ts';

/** Codecs of containerd's messages, by name. */
export const messages = defineMessages(
  {
    Timestamp: 'seconds=1:int64 nanos=2:int32',
    Any: 'typeUrl=1 value=2:bytes',
    Empty: '',

    InfoRequest: 'digest=1',
    InfoResponse: 'info=1:Info',
    Info: 'digest=1 size=2:int64 labels=5:{string}',
    ReadContentRequest: 'digest=1 offset=2:int64 size=3:int64',
    ReadContentResponse: 'offset=1:int64 data=2:bytes',
    WriteContentRequest: 'action=1:WriteAction ref=2 total=3:int64 expected=4 offset=5:int64 data=6:bytes labels=7:{string}',
    WriteContentResponse: 'action=1:WriteAction offset=4:int64 total=5:int64 digest=6',
    AbortRequest: 'ref=1',

    Descriptor: 'mediaType=1 digest=2 size=3:int64 annotations=5:{string}',
    Image: 'name=1 labels=2:{string} target=3:Descriptor createdAt=7:Timestamp updatedAt=8:Timestamp',
    CreateImageRequest: 'image=1:Image',
    UpdateImageRequest: 'image=1:Image updateMask=2:FieldMask',
    FieldMask: 'paths=1:[string]',
    ImageResponse: 'image=1:Image',
    ListImagesRequest: 'filters=1:[string]',
    ListImagesResponse: 'images=1:[Image]',
    DeleteImageRequest: 'name=1 sync=2:bool',

    Lease: 'id=1 createdAt=2:Timestamp labels=3:{string}',
    CreateLeaseRequest: 'id=1 labels=3:{string}',
    CreateLeaseResponse: 'lease=1:Lease',
    DeleteLeaseRequest: 'id=1 sync=2:bool',

    SubscribeRequest: 'filters=1:[string]',
    Envelope: 'timestamp=1:Timestamp namespace=2 topic=3 event=4:Any',
    TaskDelete: 'containerId=1 pid=2:uint32 exitStatus=3:uint32 exitedAt=4:Timestamp id=5',
    TaskExit: 'containerId=1 id=2 pid=3:uint32 exitStatus=4:uint32 exitedAt=5:Timestamp',
  },
  { WriteAction: 'STAT WRITE COMMIT' },
);

/** The containerd namespace of everything that CRI makes. */
export const criNamespace = { 'containerd-namespace': 'k8s.io' } as const;
