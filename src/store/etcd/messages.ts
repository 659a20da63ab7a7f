// The messages of etcd's API v3 that the store uses. Lease and member numbers are never read: they may exceed 2^53.
import { defineMessages } from '#format/protomessages.ts';

const codecs = defineMessages(
  {
    Compare: 'result=1:CompareResult target=2:CompareTarget key=3:bytes version=4:int64 modRevision=6:int64',
    CompactionRequest: 'revision=1:int64 physical=2:bool',
    CompactionResponse: 'header=1:ResponseHeader',
    DeleteRangeRequest: 'key=1:bytes rangeEnd=2:bytes',
    Event: 'type=1:EventType kv=2:KeyValue prevKv=3:KeyValue',
    KeyValue: 'key=1:bytes createRevision=2:int64 modRevision=3:int64 version=4:int64 value=5:bytes',
    LeaseGrantRequest: 'ttl=1:int64 id=2:int64',
    LeaseGrantResponse: 'header=1:ResponseHeader',
    LeaseRevokeRequest: 'id=1:int64',
    LeaseRevokeResponse: 'header=1:ResponseHeader',
    PutRequest: 'key=1:bytes value=2:bytes lease=3:int64',
    RangeRequest: 'key=1:bytes rangeEnd=2:bytes limit=3:int64 revision=4:int64 keysOnly=8:bool countOnly=9:bool',
    RangeResponse: 'header=1:ResponseHeader kvs=2:[KeyValue] more=3:bool count=4:int64',
    RequestOp: 'range=1:RangeRequest put=2:PutRequest deleteRange=3:DeleteRangeRequest',
    ResponseHeader: 'revision=3:int64',
    ResponseOp: 'range=1:RangeResponse',
    StatusRequest: '',
    StatusResponse: 'header=1:ResponseHeader version=2 dbSize=3:int64',
    TxnRequest: 'compare=1:[Compare] success=2:[RequestOp] failure=3:[RequestOp]',
    TxnResponse: 'header=1:ResponseHeader succeeded=2:bool responses=3:[ResponseOp]',
    WatchCreateRequest: 'key=1:bytes rangeEnd=2:bytes startRevision=3:int64 prevKv=6:bool fragment=8:bool',
    WatchRequest: 'create=1:WatchCreateRequest',
    WatchResponse:
      'header=1:ResponseHeader created=3:bool canceled=4:bool compactRevision=5:int64 cancelReason=6 fragment=7:bool events=11:[Event]',
  },
  {
    CompareResult: 'EQUAL GREATER LESS NOT_EQUAL',
    CompareTarget: 'VERSION CREATE MOD VALUE LEASE',
    EventType: 'PUT DELETE',
  },
);

export interface Header {
  readonly revision: number;
}

/** A key as etcd has it: with the prefix, as bytes. */
export interface StoredKey {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

export interface Range {
  readonly header?: Header;
  readonly kvs: readonly StoredKey[];
  readonly more: boolean;
  readonly count: number;
}

export interface Txn {
  readonly header?: Header;
  readonly succeeded: boolean;
  readonly responses: readonly { readonly range?: Range }[];
}

export interface WatchEvent {
  readonly type: 'PUT' | 'DELETE';
  readonly kv?: StoredKey;
  readonly prevKv?: StoredKey;
}

export interface WatchAnswer {
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** More events of the same answer follow. */
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];
}

/** One call: where it goes and how its messages are written. */
export interface Method<Answer> {
  readonly path: string;
  encode(request: object): Uint8Array;
  decode(bytes: Uint8Array): Answer;
}

function method<Answer>(path: string, request: keyof typeof codecs, response: keyof typeof codecs): Method<Answer> {
  return {
    path: `/etcdserverpb.${path}`,
    encode: (value) => codecs[request].encode(value),
    decode: (bytes) => codecs[response].decode(bytes) as unknown as Answer,
  };
}

interface Plain {
  readonly header?: Header;
}

export const methods = {
  range: method<Range>('KV/Range', 'RangeRequest', 'RangeResponse'),
  txn: method<Txn>('KV/Txn', 'TxnRequest', 'TxnResponse'),
  compact: method<Plain>('KV/Compact', 'CompactionRequest', 'CompactionResponse'),
  watch: method<WatchAnswer>('Watch/Watch', 'WatchRequest', 'WatchResponse'),
  leaseGrant: method<Plain>('Lease/LeaseGrant', 'LeaseGrantRequest', 'LeaseGrantResponse'),
  leaseRevoke: method<Plain>('Lease/LeaseRevoke', 'LeaseRevokeRequest', 'LeaseRevokeResponse'),
  status: method<Plain & { readonly dbSize: number }>('Maintenance/Status', 'StatusRequest', 'StatusResponse'),
} as const;
