// What the tests of webhooks share: the test image's webhook servers behind Services, and configurations that name them.
import { randomBytes } from 'node:crypto';
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { MutatingWebhook } from '#api/admissionregistration/v1/mutatingwebhookconfiguration.ts';
import type { ValidatingWebhook } from '#api/admissionregistration/v1/validatingwebhookconfiguration.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import {
  ConfigMaps,
  CustomResourceDefinitions,
  Deployments,
  EndpointSlices,
  Namespaces,
  type ResourceRef,
  Secrets,
  Services,
} from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { until } from '../../support/until.ts';
import { agnhost, type Space } from './support.ts';

export interface HookServer {
  readonly name: string;
  /** PEM of the authority of its certificate, as configurations carry it. */
  readonly caBundle: string;
  readonly port: number;
  /** How a configuration names a path of it. */
  at(path: string): { caBundle: string; service: { namespace: string; name: string; path: string; port: number } };
}

/** Deploys a webhook server of the test image (`command`) in the test's namespace, and waits until its Service leads to it. */
export async function deployHooks(space: Space, command: 'webhook' | 'crd-conversion-webhook'): Promise<HookServer> {
  const { namespace, create, until: untilObject } = space;
  const { pki } = space.cluster.world;
  const name = `e2e-test-${command}`;
  const [port, containerPort] = [8443, 8444];
  const ca = await pki.createCa('e2e-server-cert-ca');
  const dnsNames = [`${name}.${namespace}.svc`];
  const { cert, key } = await pki.issue(ca, { commonName: `${name}.${namespace}.svc`, dnsNames, usages: ['server'] });
  const certificates = '/webhook.local.config/certificates';
  await create(Secrets, { metadata: { name: 'certs' }, stringData: { 'tls.crt': cert, 'tls.key': key } });
  const labels = { hooks: name };
  await create(Deployments, {
    metadata: { name, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'hooks',
              image: agnhost,
              args: [
                command,
                `--tls-cert-file=${certificates}/tls.crt`,
                `--tls-private-key-file=${certificates}/tls.key`,
                '-v=4',
                `--port=${containerPort}`,
              ],
              readinessProbe: {
                httpGet: { scheme: 'HTTPS', port: containerPort, path: '/readyz' },
                periodSeconds: 1,
                timeoutSeconds: 20,
                failureThreshold: 30,
              },
              ports: [{ containerPort }],
              volumeMounts: [{ name: 'certs', mountPath: certificates, readOnly: true }],
            },
          ],
          volumes: [{ name: 'certs', secret: { secretName: 'certs' } }],
        },
      },
    },
  });
  await untilObject(Deployments, name, ({ status }) => status.availableReplicas === 1);
  await create(Services, { metadata: { name }, spec: { selector: labels, ports: [{ port, targetPort: containerPort }] } });
  await until(`${name} has an endpoint`, async () =>
    (await space.list(EndpointSlices, `kubernetes.io/service-name=${name}`)).some(({ endpoints }) => endpoints?.[0]?.conditions?.ready),
  );
  const caBundle = Buffer.from(ca.cert).toString('base64');
  return { name, caBundle, port, at: (path) => ({ caBundle, service: { namespace, name, path, port } }) };
}

export const rule = (
  operations: readonly string[],
  apiGroup: string,
  apiVersions: readonly string[],
  resources: readonly string[],
): object => ({
  operations,
  apiGroups: [apiGroup],
  apiVersions,
  resources,
});

type Hook = ValidatingWebhook & MutatingWebhook;

/** Marks the namespaces whose requests the webhooks of a test are asked about, and those where it is tried whether they are. */
export interface Scope {
  readonly label: string;
  readonly markers: string;
}

/** Labels the test's namespace, and makes one beside it for markers. */
export async function openScope(space: Space): Promise<Scope> {
  const label = `hooks-${randomBytes(4).toString('hex')}`;
  const namespaces = space.cluster.client.resource(Namespaces);
  await namespaces.patch(space.namespace, { metadata: { labels: { [label]: 'true' } } }, { type: 'merge' });
  const markers = `${space.namespace}-markers`;
  await namespaces.create({ metadata: { name: markers, labels: { [`${label}-markers`]: 'true' } } });
  return { label, markers };
}

/** A webhook that is asked about the scope's namespace. */
export const hook = (scope: Scope, name: string, clientConfig: object, rules: readonly object[], more: object = {}): Hook =>
  ({
    name,
    clientConfig,
    rules,
    sideEffects: 'None',
    admissionReviewVersions: ['v1', 'v1beta1'],
    namespaceSelector: { matchLabels: { [scope.label]: 'true' } },
    ...more,
  }) as Hook;

/** One that refuses what is made in the namespace of markers: it tells whether a configuration counts already. */
export const marker = (scope: Scope, server: HookServer): Hook =>
  hook(scope, 'is-webhook-configuration-ready.k8s.io', server.at('/always-deny'), [rule(['CREATE'], '', ['v1'], ['configmaps'])], {
    namespaceSelector: { matchLabels: { [`${scope.label}-markers`]: 'true' } },
    objectSelector: { matchLabels: { [scope.label]: 'true' } },
  });

/** Waits until requests of the scope's markers are refused. */
export async function configured(space: Space, scope: Scope): Promise<void> {
  const maps = space.of(ConfigMaps);
  await until('the configuration of webhooks counts', async () => {
    const draft = { metadata: { name: randomBytes(6).toString('hex'), labels: { [scope.label]: 'true' } } };
    return await maps.create(draft, { namespace: scope.markers }).then(
      () => false,
      (error: unknown) => error instanceof StatusError && error.message.includes('denied'),
    );
  });
}

/** What a refused request is told. */
export async function refused(promise: Promise<unknown>): Promise<StatusError> {
  const error: unknown = await promise.then(
    () => new Error('was let through'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StatusError)) throw error;
  return error;
}

export type Custom = KubeObject & Record<string, unknown>;

/** Creates a definition with the given versions and waits until it is established; gives a client of each version. */
export async function define(
  space: Space,
  group: string,
  versions: readonly object[],
  more: object = {},
): Promise<{
  name: string;
  plural: string;
  kind: string;
  group: string;
  ref(version: string): ResourceRef<Custom>;
  remove(): Promise<void>;
}> {
  const id = randomBytes(4).toString('hex');
  const [plural, kind] = [`e2e-test-${id}-crds`, `e2e-test-${id}-crd`];
  const definitions = space.cluster.client.resource(CustomResourceDefinitions);
  const name = `${plural}.${group}`;
  await definitions.create({
    metadata: { name },
    spec: { group, scope: 'Namespaced', names: { plural, singular: kind, kind, listKind: `${kind}List` }, versions, ...more },
  } as unknown as Draft<CustomResourceDefinition>);
  await until(`${name} is established`, async () =>
    (await definitions.get(name)).status.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'),
  );
  return {
    name,
    plural,
    kind,
    group,
    ref: (version) => ({ group, version, resource: plural, kind, namespaced: true }) as unknown as ResourceRef<Custom>,
    remove: async () => void (await definitions.delete(name)),
  };
}
