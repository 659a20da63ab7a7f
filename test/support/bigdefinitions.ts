// CustomResourceDefinitions of the size and shape of those of well-known projects: routes with rules and keyed lists,
// certificates with conditions and columns, and workloads that embed a whole pod template. Written for tests and benches.
import { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import type { ListTypeNode, MapTypeNode, RefType, ScalarType, Struct, TypeNode } from '#api/dsl.ts';
import type { Schema } from '#api/structural/schema.ts';
import { definition, versionOf } from './definitions.ts';

const words = (path: string): string =>
  `${path} says how the part of that name behaves. Absent, the usual thing happens. More about it is in the handbook, under the same name, with examples of what it may hold and what comes of it.`;

/** A type of the DSL written out as a structural schema, as generators of definitions do it. */
function written(type: TypeNode, path: string, above: readonly Struct[]): Schema {
  const description = words(path);
  switch (type.kind) {
    case 'list': {
      const { item, listType, listKeys } = type as ListTypeNode;
      const items = written(item, path, above);
      const keys = listType === 'map' ? (listKeys ?? []) : [];
      const keyed =
        keys.length > 0 && items.properties ? { ...items, required: [...new Set([...(items.required ?? []), ...keys])] } : items;
      const isMap = keys.length > 0 && keys.every((key) => items.properties?.[key]);
      return {
        type: 'array',
        description,
        items: isMap ? keyed : items,
        ...(isMap ? { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys } : { 'x-kubernetes-list-type': 'atomic' }),
      };
    }
    case 'map':
      return { type: 'object', description, additionalProperties: written((type as MapTypeNode).value, path, above) };
    case 'ref': {
      const struct = (type as RefType).struct();
      if (above.includes(struct)) return { type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true };
      return { ...object(struct, path, [...above, struct]), description };
    }
    case 'bool':
      return { type: 'boolean', description };
    case 'int32':
    case 'int64':
      return { type: 'integer', format: type.kind, description };
    case 'double':
      return { type: 'number', description };
    case 'quantity':
      return {
        description,
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        pattern: String.raw`^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`,
        'x-kubernetes-int-or-string': true,
      };
    case 'intOrString':
      return { description, anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
    case 'time':
      return { type: 'string', format: 'date-time', description };
    case 'raw':
    case 'json':
    case 'fieldsV1':
      return { type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true };
    default: {
      const values = (type as ScalarType).enum?.filter((value) => value !== '');
      return { type: 'string', description, ...(values?.length ? { enum: values } : {}) };
    }
  }
}

function object(struct: Struct, path: string, above: readonly Struct[]): Schema {
  const entries = Object.entries(struct.fields).filter(([name]) => name !== 'metadata');
  const properties = Object.fromEntries(entries.map(([name, field]) => [name, written(field.type, `${path}.${name}`, above)]));
  const required = entries.filter(([, field]) => field.required).map(([name]) => name);
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

const conditions: Schema = {
  type: 'array',
  description: words('conditions'),
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
    properties: {
      lastTransitionTime: { type: 'string', format: 'date-time' },
      message: { type: 'string', maxLength: 32768 },
      observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
      reason: { type: 'string', maxLength: 1024, minLength: 1, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' },
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      type: { type: 'string', maxLength: 316 },
    },
  },
};

const hostname: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 253,
  pattern: String.raw`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`,
};
const reference = (group: string, kind: string): Schema => ({
  type: 'object',
  description: words('reference'),
  required: ['name'],
  properties: {
    group: { type: 'string', default: group, maxLength: 253 },
    kind: { type: 'string', default: kind, minLength: 1, maxLength: 63 },
    name: { type: 'string', minLength: 1, maxLength: 253 },
    namespace: { type: 'string', minLength: 1, maxLength: 63 },
    port: { type: 'integer', format: 'int32', minimum: 1, maximum: 65535 },
    weight: { type: 'integer', format: 'int32', default: 1, minimum: 0, maximum: 1000000 },
  },
  'x-kubernetes-validations': [
    { message: 'Must have port for Service reference', rule: "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true" },
  ],
});
const headers: Schema = {
  type: 'array',
  maxItems: 16,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  items: {
    type: 'object',
    required: ['name', 'value'],
    properties: { name: { type: 'string', minLength: 1, maxLength: 256 }, value: { type: 'string', minLength: 1, maxLength: 4096 } },
  },
};
const filter: Schema = {
  type: 'object',
  required: ['type'],
  properties: {
    type: { type: 'string', enum: ['RequestHeaderModifier', 'RequestRedirect', 'URLRewrite'] },
    requestHeaderModifier: {
      type: 'object',
      properties: {
        add: headers,
        set: headers,
        remove: { type: 'array', maxItems: 16, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      },
    },
    requestRedirect: {
      type: 'object',
      properties: {
        hostname,
        scheme: { type: 'string', enum: ['http', 'https'] },
        statusCode: { type: 'integer', default: 302, enum: [301, 302] },
      },
    },
    urlRewrite: { type: 'object', properties: { hostname } },
  },
  'x-kubernetes-validations': [
    {
      message: 'filter.requestRedirect must be specified for RequestRedirect filter.type',
      rule: "!(!has(self.requestRedirect) && self.type == 'RequestRedirect')",
    },
  ],
};

/** Like a route of the Gateway API: two versions, rules, defaults inside lists, keyed lists. */
export function routeDefinition(index = 0): never {
  const schema: Schema = {
    type: 'object',
    description: words('route'),
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: {
        type: 'object',
        properties: {
          hostnames: { type: 'array', maxItems: 16, items: hostname, 'x-kubernetes-list-type': 'atomic' },
          parentRefs: {
            type: 'array',
            maxItems: 32,
            'x-kubernetes-list-type': 'atomic',
            items: reference('gateway.networking.k8s.io', 'Gateway'),
          },
          rules: {
            type: 'array',
            maxItems: 16,
            'x-kubernetes-list-type': 'atomic',
            default: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }],
            items: {
              type: 'object',
              properties: {
                name: { type: 'string', minLength: 1, maxLength: 253 },
                backendRefs: { type: 'array', maxItems: 16, 'x-kubernetes-list-type': 'atomic', items: { ...reference('', 'Service') } },
                filters: { type: 'array', maxItems: 16, 'x-kubernetes-list-type': 'atomic', items: filter },
                matches: {
                  type: 'array',
                  maxItems: 64,
                  'x-kubernetes-list-type': 'atomic',
                  default: [{ path: { type: 'PathPrefix', value: '/' } }],
                  items: {
                    type: 'object',
                    properties: {
                      headers,
                      method: { type: 'string', enum: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] },
                      path: {
                        type: 'object',
                        default: { type: 'PathPrefix', value: '/' },
                        properties: {
                          type: { type: 'string', default: 'PathPrefix', enum: ['Exact', 'PathPrefix', 'RegularExpression'] },
                          value: { type: 'string', default: '/', maxLength: 1024 },
                        },
                      },
                    },
                  },
                },
                timeouts: {
                  type: 'object',
                  properties: { request: { type: 'string', pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' } },
                },
              },
            },
          },
        },
      },
      status: {
        type: 'object',
        required: ['parents'],
        properties: {
          parents: {
            type: 'array',
            maxItems: 32,
            'x-kubernetes-list-type': 'atomic',
            items: {
              type: 'object',
              required: ['parentRef'],
              properties: { conditions, parentRef: reference('gateway.networking.k8s.io', 'Gateway') },
            },
          },
        },
      },
    },
  };
  const columns = [
    { name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ];
  const more = { subresources: { status: {} }, additionalPrinterColumns: columns };
  return definition({
    group: 'routes.example.com',
    plural: `routes${index}`,
    kind: `Route${index}`,
    versions: [versionOf('v1', schema, more), versionOf('v1beta1', schema, { ...more, storage: false, deprecated: true })],
  });
}

/** Like a certificate of cert-manager: references, choices, conditions, columns, a selectable field. */
export function certificateDefinition(index = 0): never {
  const schema: Schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['issuerRef', 'secretName'],
        properties: {
          secretName: { type: 'string' },
          commonName: { type: 'string', maxLength: 64 },
          dnsNames: { type: 'array', items: { type: 'string' } },
          duration: { type: 'string' },
          isCA: { type: 'boolean' },
          issuerRef: reference('cert.example.com', 'Issuer'),
          privateKey: {
            type: 'object',
            properties: {
              algorithm: { type: 'string', enum: ['RSA', 'ECDSA', 'Ed25519'] },
              rotationPolicy: { type: 'string', enum: ['Never', 'Always'], default: 'Always' },
              size: { type: 'integer' },
            },
          },
          usages: { type: 'array', items: { type: 'string', enum: ['signing', 'server auth', 'client auth'] } },
          literal: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: { type: 'string' } },
        },
        oneOf: [{ required: ['commonName'] }, { required: ['dnsNames'] }],
      },
      status: {
        type: 'object',
        properties: { conditions, notAfter: { type: 'string', format: 'date-time' }, revision: { type: 'integer' } },
      },
    },
  };
  return definition({
    group: 'certificates.example.com',
    plural: `certificates${index}`,
    kind: `Certificate${index}`,
    names: { shortNames: [`cert${index}`] },
    versions: [
      versionOf('v1', schema, {
        subresources: { status: {} },
        selectableFields: [{ jsonPath: '.spec.secretName' }],
        additionalPrinterColumns: [
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'Secret', type: 'string', jsonPath: '.spec.secretName' },
        ],
      }),
    ],
  });
}

/** Like a server of the Prometheus Operator: whole pod templates inside, a megabyte of schema when `copies` is 2. */
export function workloadDefinition(index = 0, copies = 1): never {
  const template = written({ kind: 'ref', struct: () => PodTemplateSpec }, 'template', []);
  const templates = Object.fromEntries(Array.from({ length: copies }, (_, i) => [`template${i}`, template]));
  const schema: Schema = {
    type: 'object',
    required: ['spec'],
    properties: {
      spec: {
        type: 'object',
        properties: {
          replicas: { type: 'integer', format: 'int32', default: 1 },
          paused: { type: 'boolean', nullable: true },
          extra: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
          ...templates,
        },
      },
      status: { type: 'object', properties: { conditions, replicas: { type: 'integer' }, selector: { type: 'string' } } },
    },
  };
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' };
  return definition({
    group: 'workloads.example.com',
    plural: `workloads${index}`,
    kind: `Workload${index}`,
    versions: [versionOf('v1', schema, { subresources: { status: {}, scale } })],
  });
}
