// The kinds of the scenarios: built-in ones, and a custom one whose schema has every kind of list and map.
import type { Wanted } from '../../support/definitions.ts';
import type { ActedOn } from './script.ts';

const builtIn = (apiVersion: string, kind: string, resource: string, namespaced = true): ActedOn => ({
  apiVersion,
  kind,
  url: `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}${namespaced ? '/namespaces/default' : ''}/${resource}`,
  namespaced,
});

export const configMap = builtIn('v1', 'ConfigMap', 'configmaps');
export const secret = builtIn('v1', 'Secret', 'secrets');
export const service = builtIn('v1', 'Service', 'services');
export const serviceAccount = builtIn('v1', 'ServiceAccount', 'serviceaccounts');
export const pod = builtIn('v1', 'Pod', 'pods');
export const claim = builtIn('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');
export const quota = builtIn('v1', 'ResourceQuota', 'resourcequotas');
export const node = builtIn('v1', 'Node', 'nodes', false);
export const namespace = builtIn('v1', 'Namespace', 'namespaces', false);
export const deployment = builtIn('apps/v1', 'Deployment', 'deployments');
export const statefulSet = builtIn('apps/v1', 'StatefulSet', 'statefulsets');
export const job = builtIn('batch/v1', 'Job', 'jobs');
export const autoscaler = builtIn('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers');
export const ingress = builtIn('networking.k8s.io/v1', 'Ingress', 'ingresses');
export const networkPolicy = builtIn('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies');
export const roleBinding = builtIn('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings');
export const clusterRole = builtIn('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', false);
export const budget = builtIn('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets');

const text = { type: 'string' };
const whole = { type: 'integer' };
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const mapOf = (value: object, more: object = {}) => ({ type: 'object', additionalProperties: value, ...more });
const listOf = (items: object, more: object = {}) => ({ type: 'array', items, ...more });
const keyed = (...keys: string[]) => ({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
const set = { 'x-kubernetes-list-type': 'set' };
const atomic = { 'x-kubernetes-map-type': 'atomic' };

const item = object(
  {
    name: text,
    value: text,
    count: whole,
    tags: listOf(text, set),
    args: listOf(text),
    opts: mapOf(text),
    at: object({ x: whole, y: whole }, atomic),
    subs: listOf(object({ id: whole, note: text }, { required: ['id'] }), keyed('id')),
  },
  { required: ['name'] },
);
const port = object({ port: whole, protocol: { ...text, default: 'TCP' }, name: text, target: whole }, { required: ['port'] });
const condition = object({ type: text, status: text, message: text }, { required: ['type'] });

const schema = object({
  spec: object({
    text,
    count: whole,
    ratio: { type: 'number' },
    on: { type: 'boolean' },
    replicas: whole,
    part: object({ a: text, b: text, deep: object({ x: text, y: text }) }),
    fixed: object({ a: text, b: text }, atomic),
    map: mapOf(text),
    maps: mapOf(object({ a: text, b: text })),
    fixedMap: mapOf(text, atomic),
    set: listOf(text, set),
    counts: listOf(whole, set),
    list: listOf(text),
    objects: listOf(object({ a: text, b: text })),
    items: listOf(item, keyed('name')),
    ports: listOf(port, keyed('port', 'protocol')),
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    either: { 'x-kubernetes-int-or-string': true },
    filled: object({ given: text, defaulted: { ...text, default: 'd' } }),
  }),
  status: object({ phase: text, count: whole, replicas: whole, conditions: listOf(condition, keyed('type')) }),
});
const served = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: schema },
  subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
});

/** The definition of `Thing`, in versions v1 (stored) and v2 of the same shape. */
export const things: Wanted = {
  group: 'apply.example.com',
  plural: 'things',
  kind: 'Thing',
  versions: [served('v1', true), served('v2', false)],
};
export const thing = builtIn('apply.example.com/v1', 'Thing', 'things');
