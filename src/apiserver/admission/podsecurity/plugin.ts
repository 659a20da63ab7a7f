// PodSecurity: pods are held against the standard that their namespace asks for; templates of pods are warned about.
import type { Namespace } from '#api/core/v1/namespace.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodSpec } from '#api/core/v1/podspec.ts';
import type { KubeObject } from '#api/object.ts';
import { Namespaces, Pods } from '#api/refs.ts';
import { forbidden, invalid } from '#api/status.ts';
import { aggregateText } from '#api/status.ts';
import { fieldErrorText } from '#api/fielderror.ts';
import { annotate } from '../../annotations.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';
import { evaluate, findingsText, reasonsText } from './evaluate.ts';
import { type LevelVersion, levelText, permissive, type Policy, policyOf, sameLevel, strictness } from './policy.ts';

export interface PodSecurityOptions {
  /** What namespaces without labels ask for. */
  readonly defaults: Policy;
  readonly exempt: {
    readonly namespaces: readonly string[];
    readonly usernames: readonly string[];
    readonly runtimeClasses: readonly string[];
  };
}

export const defaultPodSecurity: PodSecurityOptions = {
  defaults: permissive,
  exempt: { namespaces: [], usernames: [], runtimeClasses: [] },
};

interface Template {
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly spec: PodSpec;
}
type Templated = { readonly metadata?: Pod['metadata']; readonly spec: PodSpec };

const notes = 'pod-security.kubernetes.io/';
const mostPods = 3000;
const judgedSubresources = new Set(['', 'ephemeralcontainers', 'resize']);
/** Where the pod template of a kind is. */
const templates: Readonly<Record<string, readonly string[]>> = {
  '/replicationcontrollers': ['spec', 'template'],
  '/podtemplates': ['template'],
  'apps/replicasets': ['spec', 'template'],
  'apps/deployments': ['spec', 'template'],
  'apps/statefulsets': ['spec', 'template'],
  'apps/daemonsets': ['spec', 'template'],
  'batch/jobs': ['spec', 'template'],
  'batch/cronjobs': ['spec', 'jobTemplate', 'spec', 'template'],
};

function templateOf(object: KubeObject, path: readonly string[]): Template | undefined {
  let at: unknown = object;
  for (const step of path) at = (at as Record<string, unknown> | undefined)?.[step];
  const found = at as Templated | undefined;
  return found?.spec ? { annotations: found.metadata?.annotations, spec: found.spec } : undefined;
}

/** True when an update may change the verdict: images, new containers, seccomp and AppArmor annotations. */
export function isSignificant(pod: Pod, old: Pod): boolean {
  const images = ({ spec }: Pod): string =>
    JSON.stringify(
      [spec.initContainers, spec.containers, spec.ephemeralContainers].map((list) => list?.map(({ name, image }) => [name, image])),
    );
  const seccomp = ({ metadata }: Pod): string =>
    JSON.stringify(
      Object.entries(metadata.annotations ?? {})
        .filter(([key]) => key.includes('seccomp.security.alpha.kubernetes.io/'))
        .sort(),
    );
  return images(pod) !== images(old) || seccomp(pod) !== seccomp(old);
}

/** Makes the plug-in. */
export function podSecurity(options: PodSecurityOptions = defaultPodSecurity): AdmissionPlugin {
  const { defaults, exempt } = options;

  const exemptRuntime = ({ runtimeClassName = '' }: PodSpec): boolean => exempt.runtimeClasses.includes(runtimeClassName);

  async function judge(attributes: AdmissionAttributes, enforce: boolean, template: () => Template | undefined): Promise<void> {
    const { ctx, namespace, row, name } = attributes;
    if (exempt.namespaces.includes(namespace)) return annotate(ctx, `${notes}exempt`, 'namespace');
    if (exempt.usernames.includes(ctx.user.name)) return annotate(ctx, `${notes}exempt`, 'user');
    const { metadata } = ctx.backend.peek(Namespaces, namespace) ?? (await ctx.backend.get(Namespaces, namespace));
    const { policy, errors } = policyOf(metadata.labels, defaults);
    const asked = [...(enforce ? [policy.enforce] : []), policy.audit, policy.warn];
    if (errors.length === 0 && asked.every(({ level }) => level === 'privileged')) return;
    const pod = template();
    if (!pod) return;
    if (exemptRuntime(pod.spec)) return annotate(ctx, `${notes}exempt`, 'runtimeClass');
    if (errors.length > 0) annotate(ctx, `${notes}error`, `Failed to parse policy: ${aggregateText(errors.map(fieldErrorText))}`);
    const known = new Map<string, string>();
    const broken = (level: LevelVersion): string => {
      const key = levelText(level);
      let text = known.get(key);
      if (text === undefined) known.set(key, (text = findingsText(evaluate(level, pod.annotations, pod.spec))));
      return text && `PodSecurity ${JSON.stringify(key)}: ${text}`;
    };
    const refused = enforce ? broken(policy.enforce) : '';
    if (enforce) annotate(ctx, `${notes}enforce-policy`, levelText(policy.enforce));
    const audited = broken(policy.audit);
    if (audited) annotate(ctx, `${notes}audit-violations`, `would violate ${audited}`);
    if (refused) throw forbidden({ group: row.group, resource: row.resource }, name, `violates ${refused}`);
    const warned = broken(policy.warn);
    if (warned) ctx.warnings.push(`would violate ${warned}`);
  }

  function warnAboutPods({ ctx, name }: AdmissionAttributes, level: LevelVersion): void {
    const all = ctx.backend.list(Pods, name);
    const byReason = new Map<string, string[]>();
    for (const pod of all.slice(0, mostPods)) {
      if (exemptRuntime(pod.spec)) continue;
      const reasons = reasonsText(evaluate(level, pod.metadata.annotations, pod.spec));
      if (reasons) byReason.set(reasons, [...(byReason.get(reasons) ?? []), pod.metadata.name]);
    }
    const { warnings } = ctx;
    if (all.length > mostPods)
      warnings.push(`new PodSecurity enforce level only checked against the first ${mostPods} of ${all.length} existing pods`);
    if (byReason.size === 0) return;
    const q = JSON.stringify;
    warnings.push(`existing pods in namespace ${q(name)} violate the new PodSecurity enforce level ${q(levelText(level))}`);
    const lines = [...byReason].map(([reasons, pods]) => {
      const others = pods.length - 1;
      const more = others === 0 ? '' : others === 1 ? ' (and 1 other pod)' : ` (and ${others} other pods)`;
      return `${pods.sort()[0]}${more}: ${reasons}`;
    });
    warnings.push(...lines.sort());
  }

  function judgeNamespace(attributes: AdmissionAttributes): void {
    const { object, oldObject, name } = attributes;
    const { policy, errors } = policyOf((object as Namespace).metadata.labels, defaults);
    const before = oldObject && policyOf(oldObject.metadata.labels, defaults);
    const texts = (list: typeof errors): string => list.map(fieldErrorText).join('\n');
    if (errors.length > 0 && (!before || texts(errors) !== texts(before.errors)))
      throw invalid({ group: '', kind: 'Namespace' }, name, errors);
    if (!before || sameLevel(policy.enforce, before.policy.enforce) || policy.enforce.level === 'privileged') return;
    const sameVersion = policy.enforce.minor === before.policy.enforce.minor;
    if (sameVersion && strictness(policy.enforce.level) <= strictness(before.policy.enforce.level)) return;
    if (exempt.namespaces.includes(name)) return;
    warnAboutPods(attributes, policy.enforce);
  }

  return {
    name: 'PodSecurity',
    handles(row, operation, subresource) {
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
      if (row.group === '' && row.resource === 'pods') return judgedSubresources.has(subresource);
      if (subresource !== '') return false;
      return (row.group === '' && row.resource === 'namespaces') || templates[`${row.group}/${row.resource}`] !== undefined;
    },
    validate(attributes) {
      const { row, object, oldObject } = attributes;
      if (row.resource === 'namespaces') return judgeNamespace(attributes);
      const path = templates[`${row.group}/${row.resource}`];
      if (path) return judge(attributes, false, () => templateOf(object as KubeObject, path));
      const pod = object as Pod;
      if (oldObject && !isSignificant(pod, oldObject as Pod)) return undefined;
      return judge(attributes, true, () => ({ annotations: pod.metadata.annotations, spec: pod.spec }));
    },
  };
}
