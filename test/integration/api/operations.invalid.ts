// Wrong requests for each verb, with the Status that Kubernetes answers.
import type { ApiRequest } from '#client/transport.ts';
import type { WireOptions } from '../../support/wire.ts';
import type { FactRow } from './operations.test.ts';

export interface Place {
  readonly row: FactRow;
  readonly root: string;
  readonly collection: string;
  readonly item: string;
  readonly name: string;
  readonly body: { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string } };
}

export interface WrongRequest {
  readonly what: string;
  readonly method: ApiRequest['method'];
  readonly url: string;
  readonly options?: WireOptions;
  readonly code: number;
  readonly reason: string;
  readonly message?: RegExp;
}

const type = (value: string) => ({ 'content-type': value });
const json = 'application/json';
const merge = 'application/merge-patch+json';

const bodies = (method: 'POST' | 'PUT', url: string, place: Place): WrongRequest[] => [
  { what: 'malformed JSON', method, url, options: { body: '{"kind":' }, code: 400, reason: 'BadRequest' },
  {
    what: 'a wrong type of content',
    method,
    url,
    options: { body: 'x', headers: type('text/plain') },
    code: 415,
    reason: 'UnsupportedMediaType',
    message: /^the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml/,
  },
  {
    what: 'another kind',
    method,
    url,
    options: {
      body: { apiVersion: 'v1', kind: place.row.kind === 'Secret' ? 'ConfigMap' : 'Secret', metadata: place.body.metadata },
    },
    code: 400,
    reason: 'BadRequest',
  },
  {
    what: 'an unknown field, strictly',
    method,
    url: `${url}?fieldValidation=Strict`,
    options: { body: { ...place.body, foo: 1 } },
    code: 400,
    reason: 'BadRequest',
    message: /strict decoding error: unknown field "foo"/,
  },
  {
    what: 'a wrong dryRun',
    method,
    url: `${url}?dryRun=Some`,
    options: { body: place.body },
    code: 422,
    reason: 'Invalid',
    message: /dryRun/,
  },
  {
    what: 'a wrong fieldValidation',
    method,
    url: `${url}?fieldValidation=Loose`,
    options: { body: place.body },
    code: 422,
    reason: 'Invalid',
    message: /fieldValidation/,
  },
  {
    what: 'an acceptance of nothing we have',
    method,
    url,
    options: { body: place.body, headers: { accept: 'image/png' } },
    code: 406,
    reason: 'NotAcceptable',
    message: /^only the following media types are accepted: application\/json/,
  },
];

const reads = (url: string): WrongRequest[] => [
  { what: 'a bad label selector', method: 'GET', url: `${url}?labelSelector=a%20in%20(`, code: 400, reason: 'BadRequest' },
  {
    what: 'an unknown field label',
    method: 'GET',
    url: `${url}?fieldSelector=spec.nonsense%3Dx`,
    code: 400,
    reason: 'BadRequest',
    message: /field label not supported|not a known field selector/,
  },
  { what: 'a bad limit', method: 'GET', url: `${url}?limit=many`, code: 400, reason: 'BadRequest' },
];

/** The wrong requests of one verb at one place. */
export function invalidRequests(verb: string, place: Place): readonly WrongRequest[] {
  const { row, collection, item, body } = place;
  const absent = `${collection}/absent-thing`;
  switch (verb) {
    case 'create':
      return [
        ...bodies('POST', collection, place),
        {
          what: 'no name',
          method: 'POST',
          url: collection,
          options: { body: { ...body, metadata: {} } },
          code: 422,
          reason: 'Invalid',
          message: /name or generateName is required/,
        },
        ...(row.namespaced
          ? [
              {
                what: 'another namespace',
                method: 'POST' as const,
                url: collection,
                options: { body: { ...body, metadata: { ...body.metadata, namespace: 'other' } } },
                code: 400,
                reason: 'BadRequest',
                message: /^the namespace of the provided object does not match the namespace sent on the request$/,
              },
              {
                what: 'a namespace that is not there',
                method: 'POST' as const,
                url: collection.replace('/default/', '/nowhere/'),
                options: { body },
                code: 404,
                reason: 'NotFound',
                message: /^namespaces "nowhere" not found$/,
              },
            ]
          : []),
      ];
    case 'get':
      return [
        { what: 'absent', method: 'GET', url: absent, code: 404, reason: 'NotFound' },
        {
          what: 'an acceptance of nothing we have',
          method: 'GET',
          url: item,
          options: { headers: { accept: 'image/png' } },
          code: 406,
          reason: 'NotAcceptable',
        },
        { what: 'POST to an item', method: 'POST', url: item, options: { body }, code: 405, reason: 'MethodNotAllowed' },
      ];
    case 'list':
      return [
        ...reads(collection),
        {
          what: 'a bad continue token',
          method: 'GET',
          url: `${collection}?limit=1&continue=garbage`,
          code: 400,
          reason: 'BadRequest',
          message: /continue key is not valid/,
        },
        {
          what: 'a bad revision',
          method: 'GET',
          url: `${collection}?resourceVersion=abc`,
          code: 400,
          reason: 'BadRequest',
          message: /invalid resource version: resourceVersion: Invalid value: "abc"/,
        },
        {
          what: 'a match without a revision',
          method: 'GET',
          url: `${collection}?resourceVersionMatch=Exact`,
          code: 422,
          reason: 'Invalid',
          message: /resourceVersionMatch is forbidden unless resourceVersion is provided/,
        },
        { what: 'PUT to a collection', method: 'PUT', url: collection, options: { body }, code: 405, reason: 'MethodNotAllowed' },
      ];
    case 'watch':
      return [
        {
          what: 'a bad label selector',
          method: 'GET',
          url: `${collection}?watch=1&labelSelector=a%20in%20(`,
          code: 400,
          reason: 'BadRequest',
        },
        {
          what: 'a bad revision',
          method: 'GET',
          url: `${collection}?watch=1&resourceVersion=abc`,
          code: 422,
          reason: 'Invalid',
          message: /resourceVersion: Invalid value: "abc"/,
        },
        {
          what: 'initial events without a match',
          method: 'GET',
          url: `${collection}?watch=1&sendInitialEvents=true`,
          code: 422,
          reason: 'Invalid',
          message: /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan|resourceVersionMatch/,
        },
      ];
    case 'update':
      return [
        ...bodies('PUT', item, place),
        {
          what: 'another name',
          method: 'PUT',
          url: item,
          options: { body: { ...body, metadata: { name: 'another' } } },
          code: 400,
          reason: 'BadRequest',
          message: /^the name of the object \(another\) does not match the name on the URL \(/,
        },
        ...(row.createOnUpdate === true
          ? []
          : [
              {
                what: 'absent',
                method: 'PUT' as const,
                url: absent,
                options: { body: { ...body, metadata: { name: 'absent-thing', resourceVersion: '5' } } },
                code: 404,
                reason: 'NotFound',
              },
            ]),
        {
          what: 'another uid',
          method: 'PUT',
          url: item,
          options: { body: { ...body, metadata: { ...body.metadata, uid: '11111111-1111-1111-1111-111111111111' } } },
          code: 409,
          reason: 'Conflict',
          message: /Precondition failed: UID in precondition: 11111111-1111-1111-1111-111111111111, UID in object meta: /,
        },
      ];
    case 'patch':
      return [
        {
          what: 'a wrong type of patch',
          method: 'PATCH',
          url: item,
          options: { body: {}, headers: type(json) },
          code: 415,
          reason: 'UnsupportedMediaType',
        },
        {
          what: 'malformed JSON',
          method: 'PATCH',
          url: item,
          options: { body: '{', headers: type(merge) },
          code: 400,
          reason: 'BadRequest',
        },
        { what: 'absent', method: 'PATCH', url: absent, options: { body: {}, headers: type(merge) }, code: 404, reason: 'NotFound' },
        {
          what: 'a test that fails',
          method: 'PATCH',
          url: item,
          options: { body: [{ op: 'test', path: '/kind', value: 'x' }], headers: type('application/json-patch+json') },
          code: 422,
          reason: 'Invalid',
        },
        {
          what: 'apply without a manager',
          method: 'PATCH',
          url: item,
          options: { body, headers: type('application/apply-patch+yaml') },
          code: 422,
          reason: 'Invalid',
          message: /fieldManager: Required value: is required for apply patch/,
        },
      ];
    case 'subupdate':
      return [
        { what: 'malformed JSON', method: 'PUT', url: item, options: { body: '{' }, code: 400, reason: 'BadRequest' },
        {
          what: 'a wrong type of content',
          method: 'PUT',
          url: item,
          options: { body: 'x', headers: type('text/plain') },
          code: 415,
          reason: 'UnsupportedMediaType',
        },
        { what: 'DELETE of a subresource', method: 'DELETE', url: item, code: 405, reason: 'MethodNotAllowed' },
      ];
    case 'subpatch':
      return [
        {
          what: 'a wrong type of patch',
          method: 'PATCH',
          url: item,
          options: { body: {}, headers: type(json) },
          code: 415,
          reason: 'UnsupportedMediaType',
        },
        {
          what: 'malformed JSON',
          method: 'PATCH',
          url: item,
          options: { body: '{', headers: type(merge) },
          code: 400,
          reason: 'BadRequest',
        },
      ];
    case 'delete':
      return [
        { what: 'absent', method: 'DELETE', url: absent, code: 404, reason: 'NotFound' },
        {
          what: 'another uid',
          method: 'DELETE',
          url: item,
          options: { body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'x' } } },
          code: 409,
          reason: 'Conflict',
        },
        {
          what: 'a wrong propagation policy',
          method: 'DELETE',
          url: item,
          options: { body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Sideways' } },
          code: 422,
          reason: 'Invalid',
          message: /propagationPolicy/,
        },
        { what: 'malformed JSON', method: 'DELETE', url: item, options: { body: '{' }, code: 400, reason: 'BadRequest' },
      ];
    case 'deletecollection':
      return [
        { what: 'a bad label selector', method: 'DELETE', url: `${collection}?labelSelector=a%20in%20(`, code: 400, reason: 'BadRequest' },
        { what: 'malformed JSON', method: 'DELETE', url: collection, options: { body: '{' }, code: 400, reason: 'BadRequest' },
      ];
    default:
      throw new Error(`no wrong requests for ${verb}`);
  }
}
