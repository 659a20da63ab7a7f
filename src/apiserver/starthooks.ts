// The steps of the server's start under the names that kube-apiserver gives its hooks: monitors and tests look for them below
// the health paths, e.g. /healthz/poststarthook/rbac/bootstrap-roles.
import type { Check } from './health.ts';

/** The hooks of each step, in the order in which the steps end. */
const hooks = {
  /** The watch cache is filled. */
  caches: ['start-apiserver-admission-initializer', 'generic-apiserver-start-informers', 'start-apiextensions-informers'],
  /** The definitions that there are, are served. */
  definitions: ['start-apiextensions-controllers', 'crd-informer-synced'],
  /** The objects that each cluster has are there. */
  objects: [
    'start-system-namespaces-controller',
    'bootstrap-controller',
    'start-kubernetes-service-cidr-controller',
    'start-cluster-authentication-info-controller',
    'rbac/bootstrap-roles',
    'scheduling/bootstrap-system-priority-classes',
    'priority-and-fairness-config-producer',
  ],
  /** What watches these objects runs. */
  helpers: [
    'priority-and-fairness-config-consumer',
    'priority-and-fairness-filter',
    'start-kube-aggregator-informers',
    'kube-apiserver-autoregistration',
    'apiservice-registration-controller',
    'apiservice-status-local-available-controller',
    'apiservice-status-remote-available-controller',
    'apiservice-discovery-controller',
    'apiservice-openapi-controller',
    'apiservice-openapiv3-controller',
  ],
} as const;

export type StartStep = keyof typeof hooks;

/** Remembers how far a start has come. */
export class StartHooks {
  readonly #ended = new Set<StartStep>();

  end(step: StartStep): void {
    this.#ended.add(step);
  }

  /** A check for each hook, and the one for the registration of groups as a whole. */
  checks(): [string, Check][] {
    const of = (step: StartStep): Check => {
      return () => (this.#ended.has(step) ? undefined : 'not finished');
    };
    const steps = Object.entries(hooks) as [StartStep, readonly string[]][];
    return [
      ...steps.flatMap(([step, names]) => names.map((name): [string, Check] => [`poststarthook/${name}`, of(step)])),
      ['autoregister-completion', of('helpers')],
    ];
  }
}
