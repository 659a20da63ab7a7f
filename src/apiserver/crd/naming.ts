// Pure: what the status of a CustomResourceDefinition says next. Names are given to whoever has them first in a group.
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from '#api/apiextensions/v1/customresourcedefinition.ts';
import { bundleTrouble } from '#api/apiextensions/v1/extension.rules.ts';
import { aggregateText } from '#api/status.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { goQuote } from '#format/goquote.ts';
import { conditionOf, type ConditionFacts, isTrueCondition, withConditions } from './conditions.ts';

interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/** The names that are given in a group, its own included. */
function takenIn(group: string, all: Iterable<CustomResourceDefinition>): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { spec, status } of all) {
    const names = status.acceptedNames;
    if (spec.group !== group || !names) continue;
    for (const name of [names.plural, names.singular ?? '', ...(names.shortNames ?? [])]) resources.add(name);
    for (const name of [names.kind, names.listKind ?? '']) kinds.add(name);
  }
  return { resources, kinds };
}

const inUse = (name: string): string => `${goQuote(name)} is already in use`;

interface Naming {
  readonly names: CustomResourceDefinitionNames;
  readonly accepted: ConditionFacts;
}

function nameIt(crd: CustomResourceDefinition, taken: Taken): Naming {
  const wanted = crd.spec.names;
  const had: Partial<CustomResourceDefinitionNames> = crd.status.acceptedNames ?? {};
  const names: Record<string, unknown> = { ...had };
  let accepted: ConditionFacts = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
  const refuse = (reason: string, message: string): void => {
    accepted = { type: 'NamesAccepted', status: 'False', reason, message };
  };
  const claim = (field: 'plural' | 'singular' | 'kind' | 'listKind', reason: string): void => {
    const name = wanted[field] ?? '';
    const pool = field === 'plural' || field === 'singular' ? taken.resources : taken.kinds;
    if (name !== (had[field] ?? '') && pool.has(name)) refuse(reason, inUse(name));
    else names[field] = name;
  };
  claim('plural', 'PluralConflict');
  claim('singular', 'SingularConflict');
  const short = wanted.shortNames ?? [];
  const own = new Set([...(had.shortNames ?? []), had.plural, had.singular]);
  const conflicts = short.filter((name) => !own.has(name) && taken.resources.has(name)).map(inUse);
  if (conflicts.length > 0) refuse('ShortNamesConflict', aggregateText(conflicts));
  else names['shortNames'] = wanted.shortNames;
  claim('kind', 'KindConflict');
  claim('listKind', 'ListKindConflict');
  names['categories'] = wanted.categories;
  const present = Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined && value !== ''));
  return { names: { plural: '', kind: '', ...present } as CustomResourceDefinitionNames, accepted };
}

const approval = 'api-approved.kubernetes.io';
const approvalPage = 'https://github.com/kubernetes/enhancements/pull/1111';

/** Groups under k8s.io and kubernetes.io belong to the Kubernetes project; KEP-1111 asks for a sign of approval. */
export function approvalCondition(crd: CustomResourceDefinition): ConditionFacts | undefined {
  if (!/(^|\.)(k8s\.io|kubernetes\.io)$/.test(crd.spec.group)) return undefined;
  const value = crd.metadata.annotations?.[approval];
  const say = (status: string, reason: string, message: string): ConditionFacts => ({
    type: 'KubernetesAPIApprovalPolicyConformant',
    status,
    reason,
    message,
  });
  if (!value) {
    return say('False', 'MissingAnnotation', `protected groups must have approval annotation "${approval}", see ${approvalPage}`);
  }
  if (value.startsWith('unapproved')) return say('False', 'UnapprovedAnnotation', `not approved: ${goQuote(value)}`);
  if (/^https?:\/\/\S+$/.test(value)) return say('True', 'ApprovedAnnotation', `approved in ${value}`);
  return say(
    'False',
    'InvalidAnnotation',
    `protected groups must have approval annotation "${approval}" with either a URL or a reason starting with "unapproved", see ${approvalPage}`,
  );
}

/** Everything that was asked for is there: nobody else's names matter any more. */
function isSettled(crd: CustomResourceDefinition): boolean {
  if (!isTrueCondition(crd, 'NamesAccepted') || !isTrueCondition(crd, 'Established')) return false;
  const policy = approvalCondition(crd);
  const told = policy && conditionOf(crd, policy.type);
  const isTold = !policy || (told?.status === policy.status && told.message === policy.message);
  return isTold && semanticEqual(crd.spec.names, crd.status.acceptedNames);
}

/** The next status; undefined when it is right already. `all` are the definitions of the cluster. */
export function nextStatus(
  crd: CustomResourceDefinition,
  all: Iterable<CustomResourceDefinition>,
  now: string,
): CustomResourceDefinitionStatus | undefined {
  if (isSettled(crd)) return undefined;
  const { names, accepted } = nameIt(crd, takenIn(crd.spec.group, all));
  const wanted: ConditionFacts[] = [accepted];
  if (!isTrueCondition(crd, 'Established')) {
    const established = accepted.status === 'True';
    const had = conditionOf(crd, 'Established');
    const trouble = bundleTrouble(crd);
    if (established && trouble !== undefined) {
      const message = `The conversion webhook CABundle is invalid: ${trouble}`;
      wanted.push({ type: 'Established', status: 'False', reason: 'InvalidCABundle', message });
    } else if (established) {
      wanted.push({
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      });
    } else if (!had) {
      wanted.push({ type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' });
    }
  }
  const policy = approvalCondition(crd);
  if (policy) wanted.push(policy);
  const present = crd.status.conditions ?? [];
  const conditions = withConditions(present, wanted, now);
  const same = conditions.length === present.length && conditions.every((condition, i) => condition === present[i]);
  if (same && semanticEqual(names, crd.status.acceptedNames)) return undefined;
  return { ...crd.status, acceptedNames: names, conditions };
}
