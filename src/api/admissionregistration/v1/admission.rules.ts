// Defaults and validation of webhooks and admission policies.
import { checkFormat, present } from '#api/checks.ts';
import { duplicate, type FieldError, forbiddenField, invalid, notSupported, required, tooMany } from '#api/fielderror.ts';
import { cIdentifier, dns1123Subdomain, portNumber, qualifiedName } from '#api/formats.ts';
import { type Mutable, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { MatchResources as BetaMatchResources } from '#api/admissionregistration/v1beta1/common.ts';
import { MutatingAdmissionPolicySpec as BetaPolicySpec } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicy.ts';
import { MatchResources, NamedRuleWithOperations, RuleWithOperations, ServiceReference, WebhookClientConfig } from './common.ts';
import { MutatingWebhook, MutatingWebhookConfiguration } from './mutatingwebhookconfiguration.ts';
import { ValidatingAdmissionPolicy, ValidatingAdmissionPolicySpec } from './validatingadmissionpolicy.ts';
import { ValidatingAdmissionPolicyBinding } from './validatingadmissionpolicybinding.ts';
import { ValidatingWebhook, ValidatingWebhookConfiguration } from './validatingwebhookconfiguration.ts';

type AnyWebhook = ValidatingWebhook | MutatingWebhook;

function webhookDefaults(hook: Mutable<AnyWebhook>): void {
  hook.failurePolicy ??= 'Fail';
  hook.matchPolicy ??= 'Equivalent';
  hook.namespaceSelector ??= {};
  hook.objectSelector ??= {};
  hook.timeoutSeconds ??= 10;
}

function matchDefaults(match: { matchPolicy?: string; namespaceSelector?: object; objectSelector?: object }): void {
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
}

function checkWebhook(hook: AnyWebhook, at: string, errors: FieldError[]): void {
  const texts = dns1123Subdomain(hook.name);
  if (hook.name === '') errors.push(required(`${at}.name`));
  else if (texts.length) for (const text of texts) errors.push(invalid(`${at}.name`, hook.name, text));
  else if (hook.name.split('.').length < 3) {
    errors.push(invalid(`${at}.name`, hook.name, 'should be a domain with at least three segments separated by dots'));
  }
  const versions = hook.admissionReviewVersions;
  if (versions.length === 0) {
    errors.push(required(`${at}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  } else if (!versions.some((version) => version === 'v1' || version === 'v1beta1')) {
    errors.push(invalid(`${at}.admissionReviewVersions`, versions, 'must include at least one of v1, v1beta1'));
  }
  versions.forEach((version, index) => {
    if (versions.indexOf(version) < index) {
      errors.push(invalid(`${at}.admissionReviewVersions[${index}]`, version, 'duplicate version'));
    }
  });
  if (hook.sideEffects === undefined) errors.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  else if (hook.sideEffects !== 'None' && hook.sideEffects !== 'NoneOnDryRun') {
    errors.push(notSupported(`${at}.sideEffects`, hook.sideEffects, ['None', 'NoneOnDryRun']));
  }
  const seconds = hook.timeoutSeconds;
  if (seconds !== undefined && (seconds < 1 || seconds > 30)) {
    errors.push(invalid(`${at}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds'));
  }
  checkConditions(hook.matchConditions ?? [], `${at}.matchConditions`, errors);
}

function checkConditions(
  conditions: readonly { readonly name: string; readonly expression: string }[],
  at: string,
  errors: FieldError[],
): void {
  if (conditions.length > 64) errors.push(tooMany(at, conditions.length, 64));
  const names = new Set<string>();
  for (const [index, { name, expression }] of conditions.entries()) {
    if (expression.trim() === '') errors.push(required(`${at}[${index}].expression`));
    if (name === '') errors.push(required(`${at}[${index}].name`));
    else checkFormat(qualifiedName, name, `${at}[${index}].name`, errors);
    if (names.has(name)) errors.push(duplicate(`${at}[${index}].name`, name));
    names.add(name);
  }
}

function checkRule(rule: RuleWithOperations | NamedRuleWithOperations, at: string, errors: FieldError[]): void {
  for (const field of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
    const values: readonly string[] = rule[field] ?? [];
    if (values.length === 0) errors.push(required(`${at}.${field}`));
    if (field === 'resources') continue;
    if (values.length > 1 && values.includes('*')) {
      errors.push(invalid(`${at}.${field}`, values, `if '*' is present, must not specify other ${words[field]}`));
    }
    if (field === 'apiVersions') values.forEach((value, i) => value === '' && errors.push(required(`${at}.apiVersions[${i}]`)));
  }
}

const words = { operations: 'operations', apiGroups: 'API groups', apiVersions: 'API versions' } as const;

/** What is wrong with the URL of a webhook. */
export function checkUrl(text: string, at: string, errors: FieldError[]): void {
  const form = '; desired format: https://host[/path]';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    errors.push(required(at, `url must be a valid URL${form}`));
    return;
  }
  if (url.protocol !== 'https:') errors.push(invalid(at, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme${form}`));
  if (url.host === '') errors.push(invalid(at, '', `host must be specified${form}`));
  if (url.username || url.password) errors.push(invalid(at, url.username, 'user information is not permitted in the URL'));
  if (url.hash) errors.push(invalid(at, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url.search) errors.push(invalid(at, url.search.slice(1), 'query parameters are not permitted in the URL'));
}

/** What is wrong with a reference to a webhook's Service. */
export function checkService(service: ServiceReference, at: string, errors: FieldError[]): void {
  for (const field of ['name', 'namespace'] as const) {
    if (service[field] === '') errors.push(required(`${at}.${field}`, `service ${field} is required`));
  }
  for (const text of portNumber(service.port ?? 443)) errors.push(invalid(`${at}.port`, service.port, `port is not valid: ${text}`));
  // An empty path is as good as none.
  if (!service.path) return;
  if (!service.path.startsWith('/')) errors.push(invalid(`${at}.path`, service.path, "must start with a '/'"));
  else {
    const steps = service.path.slice(1).replace(/\/$/, '').split('/');
    steps.forEach((step, index) => {
      if (step === '') errors.push(invalid(`${at}.path`, service.path, `segment[${index}] may not be empty`));
    });
  }
}

function uniqueNames(hooks: readonly { readonly name: string }[] | undefined, errors: FieldError[]): void {
  const names = new Set<string>();
  for (const [index, { name }] of (hooks ?? []).entries()) {
    if (names.has(name)) errors.push(duplicate(`webhooks[${index}].name`, name));
    names.add(name);
  }
}

function checkPolicy(policy: ValidatingAdmissionPolicy, errors: FieldError[]): void {
  const { spec } = policy;
  if (!spec.matchConstraints) errors.push(required('spec.matchConstraints'));
  else if (!spec.matchConstraints.resourceRules?.length) errors.push(required('spec.matchConstraints.resourceRules'));
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    errors.push(required('spec.validations', 'validations or auditAnnotations must be non-empty'));
    errors.push(required('spec.auditAnnotations', 'validations or auditAnnotations must be non-empty'));
  }
  for (const [index, one] of (spec.validations ?? []).entries()) {
    const at = `spec.validations[${index}]`;
    if (one.expression.trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'));
    if (one.message !== undefined && one.message.includes('\n'))
      errors.push(invalid(`${at}.message`, one.message, 'message must not contain line breaks'));
    if (one.expression.includes('\n') && !one.message) {
      errors.push(required(`${at}.message`, 'message must be specified if expression contains line breaks'));
    }
    const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
    if (one.reason !== undefined && !reasons.includes(one.reason)) errors.push(notSupported(`${at}.reason`, one.reason, reasons));
  }
  if ((spec.auditAnnotations?.length ?? 0) > 20) {
    errors.push(invalid('spec.auditAnnotations', spec.auditAnnotations, 'must not have more than 20 auditAnnotations'));
  }
  for (const [index, variable] of (spec.variables ?? []).entries()) {
    const at = `spec.variables[${index}]`;
    if (variable.name === '') errors.push(required(`${at}.name`, 'name is not specified'));
    else if (cIdentifier(variable.name).length) errors.push(invalid(`${at}.name`, variable.name, 'name is not a valid CEL identifier'));
    if (variable.expression.trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'));
  }
  if (spec.paramKind) {
    for (const field of ['apiVersion', 'kind'] as const) if (!spec.paramKind[field]) errors.push(required(`spec.paramKind.${field}`));
  }
  checkConditions(spec.matchConditions ?? [], 'spec.matchConditions', errors);
}

function checkBinding({ spec }: ValidatingAdmissionPolicyBinding, errors: FieldError[]): void {
  if (!spec.policyName) errors.push(required('spec.policyName'));
  else checkFormat(dns1123Subdomain, spec.policyName, 'spec.policyName', errors);
  const actions = spec.validationActions ?? [];
  if (actions.length === 0) errors.push(required('spec.validationActions', 'at least one validation action is required'));
  actions.forEach((action, index) => {
    if (actions.indexOf(action) < index) errors.push(duplicate(`spec.validationActions[${index}]`, action));
  });
  if (actions.includes('Deny') && actions.includes('Warn')) {
    errors.push(
      invalid(
        'spec.validationActions',
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    );
  }
  const ref = spec.paramRef;
  if (!ref) return;
  const set = present(ref, ['name', 'selector']);
  if (set.length === 2) errors.push(forbiddenField('spec.paramRef.name', 'name and selector are mutually exclusive'));
  if (set.length === 0) errors.push(required('spec.paramRef', 'one of name or selector must be specified'));
  const action = ref.parameterNotFoundAction;
  if (action === undefined || action === '') errors.push(required('spec.paramRef.parameterNotFoundAction'));
  else if (action !== 'Allow' && action !== 'Deny')
    errors.push(notSupported('spec.paramRef.parameterNotFoundAction', action, ['Allow', 'Deny']));
}

export const admissionRules: readonly TypeRules[] = [
  typeRules<ValidatingWebhook>(ValidatingWebhook, { own: ['sideEffects'], defaults: webhookDefaults, check: checkWebhook }),
  typeRules<MutatingWebhook>(MutatingWebhook, {
    own: ['sideEffects'],
    defaults(hook) {
      webhookDefaults(hook);
      hook.reinvocationPolicy ??= 'Never';
    },
    check: checkWebhook,
  }),
  typeRules<ValidatingWebhookConfiguration>(ValidatingWebhookConfiguration, {
    object: (configuration, errors) => uniqueNames(configuration.webhooks, errors),
  }),
  typeRules<MutatingWebhookConfiguration>(MutatingWebhookConfiguration, {
    object: (configuration, errors) => uniqueNames(configuration.webhooks, errors),
  }),
  typeRules<RuleWithOperations>(RuleWithOperations, {
    defaults(rule) {
      rule.scope ??= '*';
    },
    check: checkRule,
  }),
  typeRules<NamedRuleWithOperations>(NamedRuleWithOperations, {
    defaults(rule) {
      rule.scope ??= '*';
    },
    check: checkRule,
  }),
  typeRules<ServiceReference>(ServiceReference, {
    defaults(service) {
      service.port ??= 443;
    },
    check: checkService,
  }),
  typeRules<WebhookClientConfig>(WebhookClientConfig, {
    check(config, at, errors) {
      const set = present(config, ['url', 'service']);
      if (set.length !== 1) errors.push(required(at, 'exactly one of url or service is required'));
      if (config.url !== undefined && set.length === 1) checkUrl(config.url, `${at}.url`, errors);
    },
  }),
  typeRules<ValidatingAdmissionPolicySpec>(ValidatingAdmissionPolicySpec, {
    defaults(spec) {
      spec.failurePolicy ??= 'Fail';
    },
  }),
  typeRules<BetaPolicySpec>(BetaPolicySpec, {
    defaults(spec) {
      spec.failurePolicy ??= 'Fail';
    },
  }),
  typeRules<MatchResources>(MatchResources, { defaults: matchDefaults as (draft: Mutable<MatchResources>) => void }),
  typeRules<BetaMatchResources>(BetaMatchResources, { defaults: matchDefaults as (draft: Mutable<BetaMatchResources>) => void }),
  typeRules<ValidatingAdmissionPolicy>(ValidatingAdmissionPolicy, { object: checkPolicy }),
  typeRules<ValidatingAdmissionPolicyBinding>(ValidatingAdmissionPolicyBinding, { object: checkBinding }),
];
