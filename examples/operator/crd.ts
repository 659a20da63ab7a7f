// The definition of the kind, and the configuration of the webhook that checks its objects.
import type {
  V1CustomResourceDefinition,
  V1CustomResourceDefinitionVersion,
  V1ValidatingWebhookConfiguration,
} from '@kubernetes/client-node';
import { group, home, kind, plural } from './types.ts';

const status = {
  type: 'object',
  properties: { page: { type: 'string' }, observedGeneration: { type: 'integer', format: 'int64' } },
};

function version(name: string, members: object, required: string[], storage: boolean): V1CustomResourceDefinitionVersion {
  return {
    name,
    served: true,
    storage,
    subresources: { status: {} },
    schema: {
      openAPIV3Schema: {
        type: 'object',
        description: 'A greeting, and the page that shows it.',
        required: ['spec'],
        properties: {
          spec: {
            type: 'object',
            required,
            properties: { ...members, loud: { type: 'boolean', _default: false, description: 'In capital letters.' } as object },
          },
          status,
        },
      },
    },
    additionalPrinterColumns: [
      { name: 'Page', type: 'string', jsonPath: '.status.page' },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
  };
}

const service = (path: string): object => ({ name: plural, namespace: home, path, port: 443 });

/** The CustomResourceDefinition; `caBundle` lets the API server know the webhook. */
export function greetingDefinition(caBundle: string): V1CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: 'greeting', kind, shortNames: ['gr'] },
      versions: [
        version('v1', { lines: { type: 'array', items: { type: 'string', maxLength: 200 }, minItems: 1 } }, ['lines'], true),
        version('v1alpha1', { message: { type: 'string', maxLength: 2000 } }, ['message'], false),
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: { conversionReviewVersions: ['v1'], clientConfig: { service: service('/convert') as never, caBundle } },
      },
    },
  };
}

/** The webhook sees every greeting before it is written; those of version v1alpha1 as v1. */
export function greetingChecks(caBundle: string): V1ValidatingWebhookConfiguration {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: `${plural}.${group}` },
    webhooks: [
      {
        name: `check.${group}`,
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        timeoutSeconds: 5,
        clientConfig: { service: service('/validate') as never, caBundle },
        rules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [plural], scope: 'Namespaced' }],
      },
    ],
  };
}
