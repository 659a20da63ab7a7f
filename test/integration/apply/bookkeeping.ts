// The entries themselves: times, order, compaction, resets, preconditions and dry runs.
import * as kinds from './kinds.ts';
import {
  apply,
  conflicts,
  create,
  force,
  holds,
  json,
  listed,
  merge,
  owned,
  put,
  refused,
  same,
  strategic,
  written,
  type Scenarios,
  type Step,
} from './script.ts';

const data = (fields: object) => ({ data: fields });
const many = (count: number): Step[] =>
  Array.from({ length: count }, (_, index) => merge(`m${String(index).padStart(2, '0')}`, data({ [`k${index}`]: '1' })));

export const times: Scenarios = {
  'an entry has the time of its write': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    apply('b', data({ y: '1' })),
    written({ a: 1, b: 2 }),
  ],
  'applying the same again changes nothing, not even the time': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    same(apply('a', data({ x: '1' }))),
    written({ a: 1 }),
  ],
  'a change renews the time of the writer only': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    apply('b', data({ y: '1' })),
    apply('a', data({ x: '2' })),
    written({ a: 3, b: 2 }),
    listed('b', 'a'),
  ],
  'losing a field does not renew the time': [
    kinds.configMap,
    apply('a', data({ x: '1', y: '1' })),
    force('b', data({ x: '2' })),
    written({ a: 1, b: 2 }),
    owned({ a: ['data.y'], b: ['data.x'] }),
  ],
  'coming to share a field is a write, but changes no field and has no time': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    apply('b', data({ x: '1' })),
    written({ a: 1, b: 0 }),
  ],
  'an update that changes nothing keeps version and times': [
    kinds.configMap,
    create('u', data({ x: '1' })),
    same(put('v', data({ x: '1' }))),
    same(merge('v', data({ x: '1' }))),
    same(json('v', [{ op: 'test', path: '/data/x', value: '1' }])),
    same(strategic('v', data({ x: '1' }))),
    written({ 'u!': 1 }),
  ],
  'appliers come first, then by time and name': [
    kinds.configMap,
    create('u', data({ x: '1' })),
    apply('z', data({ y: '1' })),
    apply('b', data({ z: '1' })),
    merge('t', data({ w: '1' })),
    listed('z', 'b', 'u!', 't!'),
  ],
  'a dry run writes nothing and shows what would be': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    conflicts(apply('b', data({ x: '2' }), { dryRun: true }), '"a"', '.data.x'),
    apply('b', data({ y: '2' }), { dryRun: true }),
    owned({ a: ['data.x'], b: ['data.y'] }),
    apply('a', data({ x: '1' })),
    owned({ a: ['data.x'] }),
    holds({ data: { x: '1' } }),
  ],
  'a dry run of a creation creates nothing': [
    kinds.configMap,
    apply('a', data({ x: '1' }), { dryRun: true }),
    owned({ a: ['data.x'] }),
    refused(merge('u', data({ x: '2' })), 404, 'configmaps "NAME" not found'),
  ],
};

export const entries: Scenarios = {
  'ten updaters are kept apart': [
    kinds.configMap,
    create('u', data({ x: '1' })),
    ...many(9),
    listed('u!', 'm00!', 'm01!', 'm02!', 'm03!', 'm04!', 'm05!', 'm06!', 'm07!', 'm08!'),
  ],
  'of eleven the two oldest become one': [
    kinds.configMap,
    create('u', data({ x: '1' })),
    ...many(10),
    listed('ancient-changes!', 'm01!', 'm02!', 'm03!', 'm04!', 'm05!', 'm06!', 'm07!', 'm08!', 'm09!'),
    written({
      'ancient-changes!': 2,
      ...Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`m0${index + 1}!`, index + 3])),
    }),
  ],
  'appliers are not counted': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    apply('b', data({ y: '1' })),
    ...many(10),
    listed('a', 'b', 'm00!', 'm01!', 'm02!', 'm03!', 'm04!', 'm05!', 'm06!', 'm07!', 'm08!', 'm09!'),
  ],
  'a single empty entry takes all ownership away': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    merge('u', { metadata: { managedFields: [{}] } }),
    owned({}),
    holds({ data: { x: '1' } }),
  ],
  'so does an empty list': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    json('u', [{ op: 'replace', path: '/metadata/managedFields', value: [] }]),
    owned({}),
  ],
  'where nobody owns anything, updates are not written down': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    merge('u', { metadata: { managedFields: [{}] } }),
    merge('u', data({ x: '2', y: '1' })),
    owned({}),
  ],
  'the first apply then finds an owner of what is there': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    merge('u', { metadata: { managedFields: [{}] } }),
    conflicts(apply('a', data({ x: '2' })), '"before-first-apply" using v1', '.data.x'),
    apply('a', data({ x: '1' })),
    owned({ a: ['data.x'], 'before-first-apply!': ['data', 'data.x'] }),
    force('a', data({ x: '2' })),
    owned({ a: ['data.x'], 'before-first-apply!': ['data'] }),
  ],
  'null for the entries is no reset': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    merge('u', { metadata: { managedFields: null } }),
    owned({ a: ['data.x'] }),
  ],
  'entries may be written by hand': [
    kinds.configMap,
    create('u', data({ x: '1', y: '1' })),
    merge('v', {
      metadata: {
        managedFields: [
          { manager: 'h', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:x': {} } } },
        ],
      },
    }),
    owned({ h: ['data.x'] }),
    // What nobody owns goes with the last owned field beside it.
    apply('h', {}),
    holds({ data: undefined }),
  ],
  'entries that make no sense are left alone': [
    kinds.configMap,
    create('u', data({ x: '1' })),
    same(
      merge('v', {
        metadata: { managedFields: [{ manager: 'h', operation: 'Nonsense', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }] },
      }),
    ),
    same(
      merge('v', {
        metadata: { managedFields: [{ manager: 'h', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { x: {} } }] },
      }),
    ),
  ],
  'entries cannot be applied': [
    kinds.configMap,
    refused(apply('a', data({ x: '1' }), { meta: { managedFields: [{ manager: 'x' }] } }), 400, 'metadata.managedFields must be nil'),
  ],
  'another version and uid are refused': [
    kinds.configMap,
    apply('a', data({ x: '1' })),
    refused(
      apply('a', data({ x: '2' }), { meta: { resourceVersion: '1' } }),
      409,
      'Operation cannot be fulfilled on configmaps "NAME": the object has been modified; please apply your changes to the latest version and try again',
    ),
    refused(
      apply('a', data({ x: '2' }), { meta: { uid: '00000000-0000-0000-0000-000000000000' } }),
      422,
      'ConfigMap "NAME" is invalid: metadata.uid: Invalid value: "00000000-0000-0000-0000-000000000000": field is immutable',
    ),
    owned({ a: ['data.x'] }),
  ],
  'what is not there has no version and no uid': [
    kinds.configMap,
    refused(apply('a', data({ x: '1' }), { meta: { resourceVersion: '1' } }), 404, 'configmaps "NAME" not found'),
    refused(
      apply('a', data({ x: '1' }), { meta: { uid: '00000000-0000-0000-0000-000000000000' } }),
      409,
      'Operation cannot be fulfilled on configmaps "NAME": uid mismatch: the provided object specified uid 00000000-0000-0000-0000-000000000000, and no existing object was found',
    ),
  ],
  'a manager needs a name': [
    kinds.configMap,
    refused(
      apply('', data({ x: '1' })),
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ),
  ],
  'the kind must be that of the endpoint': [
    kinds.configMap,
    refused(apply('a', { kind: 'Secret' }), 400, 'invalid object type: /v1, Kind=Secret'),
    refused(apply('a', { apiVersion: 'v2' }), 400, 'invalid object type: /v2, Kind=ConfigMap'),
    refused(apply('a', { apiVersion: '', kind: '' }), 400, 'invalid object type: /, Kind='),
  ],
};
