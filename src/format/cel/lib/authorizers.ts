// Kubernetes' library for asking whether the user of a request may do something else.
import { fn, type Library, method } from '../decls.ts';
import { fixed } from '../sizes.ts';
import { Bool, opaque, Str } from '../types.ts';
import { OpaqueValue, Pending, type Value } from '../values.ts';

/** What is asked; empty texts mean "not said". */
export interface AccessQuestion {
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly isResource: boolean;
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}
export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** Why no decision could be made; empty: it was. */
  readonly error: string;
}
/** Decides, now or later. */
export type AccessDecider = (question: AccessQuestion) => AccessDecision | Promise<AccessDecision>;

const authorizerType = opaque('kubernetes.authorization.Authorizer');
const pathType = opaque('kubernetes.authorization.PathCheck');
const groupType = opaque('kubernetes.authorization.GroupCheck');
const resourceType = opaque('kubernetes.authorization.ResourceCheck');
const decisionType = opaque('kubernetes.authorization.Decision');
export { authorizerType, resourceType as resourceCheckType };

const nothing: AccessQuestion = {
  isResource: true,
  verb: '',
  path: '',
  group: '',
  version: '*',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
};

/** A question that is being put together, with who answers it. */
class Asking extends OpaqueValue {
  readonly typeName: string;
  readonly question: AccessQuestion;
  readonly decide: CachedDecider;
  constructor(typeName: string, question: AccessQuestion, decide: CachedDecider) {
    super();
    this.typeName = typeName;
    this.question = question;
    this.decide = decide;
  }
  equals(other: Value): boolean {
    return other === this;
  }
  with(typeName: string, more: Partial<AccessQuestion>): Asking {
    return new Asking(typeName, { ...this.question, ...more }, this.decide);
  }
}

class DecisionValue extends OpaqueValue {
  readonly typeName = decisionType.name;
  readonly decision: AccessDecision;
  constructor(decision: AccessDecision) {
    super();
    this.decision = decision;
  }
  equals(other: Value): boolean {
    return other === this;
  }
}

/** Answers are kept, so that an expression that had to wait finds them when it is evaluated again. */
class CachedDecider {
  readonly #decide: AccessDecider;
  readonly #known = new Map<string, AccessDecision | Promise<void>>();
  constructor(decide: AccessDecider) {
    this.#decide = decide;
  }
  ask(question: AccessQuestion): AccessDecision {
    const key = JSON.stringify(question);
    const known = this.#known.get(key);
    if (known instanceof Promise) throw new Pending(known);
    if (known) return known;
    const answer = this.#decide(question);
    if (!(answer instanceof Promise)) {
      this.#known.set(key, answer);
      return answer;
    }
    const waiting = answer.then(
      (decision) => void this.#known.set(key, decision),
      (error: unknown) =>
        void this.#known.set(key, { allowed: false, reason: '', error: error instanceof Error ? error.message : String(error) }),
    );
    this.#known.set(key, waiting);
    throw new Pending(waiting);
  }
}

/** The value of the variable `authorizer`. */
export function authorizerValue(decide: AccessDecider): Value {
  return new Asking(authorizerType.name, nothing, new CachedDecider(decide));
}
/** The value of `authorizer.requestResource`: the resource of the request itself. */
export function requestResourceValue(authorizer: Value, request: Partial<AccessQuestion>): Value {
  return (authorizer as Asking).with(resourceType.name, request);
}

const one = { cost: () => 1, estimate: () => ({ cost: fixed(1) }) };
const checking = { cost: () => 350_000, estimate: () => ({ cost: fixed(350_000) }) };
const check = (asking: Asking, verb: string): Value => new DecisionValue(asking.decide.ask({ ...asking.question, verb }));

export const authorizers: Library = {
  types: [authorizerType, pathType, groupType, resourceType, decisionType],
  functions: [
    fn(
      'serviceAccount',
      method(
        'authorizer_serviceaccount',
        [authorizerType, Str, Str],
        authorizerType,
        (asking: Asking, namespace: string, name: string) => asking.with(authorizerType.name, { serviceAccount: { namespace, name } }),
        one,
      ),
    ),
    fn(
      'path',
      method(
        'authorizer_path',
        [authorizerType, Str],
        pathType,
        (asking: Asking, path: string) => asking.with(pathType.name, { isResource: false, path }),
        one,
      ),
    ),
    fn(
      'group',
      method(
        'authorizer_group',
        [authorizerType, Str],
        groupType,
        (asking: Asking, group: string) => asking.with(groupType.name, { group }),
        one,
      ),
    ),
    fn(
      'resource',
      method(
        'groupcheck_resource',
        [groupType, Str],
        resourceType,
        (asking: Asking, resource: string) => asking.with(resourceType.name, { resource }),
        one,
      ),
    ),
    ...(['subresource', 'namespace', 'name', 'fieldSelector', 'labelSelector'] as const).map((field) =>
      fn(
        field,
        method(
          `resourcecheck_${field.toLowerCase()}`,
          [resourceType, Str],
          resourceType,
          (asking: Asking, value: string) => asking.with(resourceType.name, { [field]: value }),
          one,
        ),
      ),
    ),
    fn(
      'check',
      method('pathcheck_check', [pathType, Str], decisionType, check, checking),
      method('resourcecheck_check', [resourceType, Str], decisionType, check, checking),
    ),
    fn(
      'allowed',
      method('decision_allowed', [decisionType], Bool, ({ decision }: DecisionValue) => decision.allowed && decision.error === '', one),
    ),
    fn(
      'errored',
      method('decision_errored', [decisionType], Bool, ({ decision }: DecisionValue) => decision.error !== '', one),
    ),
    fn(
      'error',
      method('decision_error', [decisionType], Str, ({ decision }: DecisionValue) => decision.error, one),
    ),
    fn(
      'reason',
      method('decision_reason', [decisionType], Str, ({ decision }: DecisionValue) => decision.reason, one),
    ),
  ],
};
