// Defaults and validation of CustomResourceDefinitions and APIServices. What concerns the versions of a definition, with their
// schemas, is in structural/: it is loaded only when somebody writes one.
import { APIService, ServiceReference as ServiceOfAPI } from '#api/apiregistration/v1/apiservice.ts';
import { checkService, checkUrl } from '#api/admissionregistration/v1/admission.rules.ts';
import { checkFormat, checkRange } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { dns1035Label, dns1123Subdomain, immutableText, pathSegment } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import {
  type CustomResourceConversion,
  CustomResourceDefinition,
  type CustomResourceDefinitionNames,
  type CustomResourceDefinitionSpec,
  type CustomResourceDefinitionVersion,
  ServiceReference,
} from './customresourcedefinition.ts';

function checkNames(names: CustomResourceDefinitionNames, at: string, errors: FieldError[]): void {
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const value = names[field] ?? '';
    if (value === '') {
      errors.push(required(`${at}.${field}`));
      continue;
    }
    const text = field === 'kind' || field === 'listKind' ? value.toLowerCase() : value;
    const wrong = dns1035Label(text);
    if (wrong.length)
      errors.push(
        invalid(
          `${at}.${field}`,
          value,
          field === 'kind' || field === 'listKind'
            ? `may have mixed case, but should otherwise match: ${wrong.join(',')}`
            : wrong.join(','),
        ),
      );
  }
  if (names.kind !== '' && names.kind === names.listKind)
    errors.push(invalid(`${at}.listKind`, names.listKind, 'kind and listKind may not be the same'));
  for (const field of ['shortNames', 'categories'] as const) {
    for (const [index, name] of (names[field] ?? []).entries()) checkFormat(dns1035Label, name, `${at}.${field}[${index}]`, errors);
  }
}

function checkDeprecation(
  { deprecated, deprecationWarning: text }: CustomResourceDefinitionVersion,
  at: string,
  errors: FieldError[],
): void {
  if (text === undefined) return;
  if (!deprecated) errors.push(invalid(at, text, 'can only be set for deprecated versions'));
  if (text.length > 256) errors.push(invalid(at, text, 'must be <= 256 characters long'));
  if (text === '') errors.push(invalid(at, text, 'must not be an empty string'));
  const odd = text.search(/[^\P{C}]|[^\S ]/u);
  if (odd >= 0)
    errors.push(invalid(at, text, `must only contain printable UTF-8 characters; non-printable character found at index ${odd}`));
}

function checkSpec(spec: CustomResourceDefinitionSpec, errors: FieldError[]): void {
  if (spec.group === '') errors.push(required('spec.group'));
  else {
    checkFormat(dns1123Subdomain, spec.group, 'spec.group', errors);
    if (!spec.group.includes('.')) errors.push(invalid('spec.group', spec.group, 'should be a domain with at least one dot'));
  }
  if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced') {
    errors.push(spec.scope === '' ? required('spec.scope') : notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  }
  if (spec.preserveUnknownFields) {
    errors.push(invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'));
  }
  checkNames(spec.names, 'spec.names', errors);
  const names = new Set<string>();
  for (const [index, version] of spec.versions.entries()) {
    checkFormat(dns1035Label, version.name, `spec.versions[${index}].name`, errors);
    checkDeprecation(version, `spec.versions[${index}].deprecationWarning`, errors);
    if (names.has(version.name))
      errors.push(
        invalid(
          'spec.versions',
          spec.versions.map(({ name }) => name),
          'must contain unique version names',
        ),
      );
    names.add(version.name);
  }
  if (spec.versions.length === 0) errors.push(required('spec.versions', 'must have at least one version'));
  if (spec.versions.filter((version) => version.storage).length !== 1) {
    errors.push(
      invalid(
        'spec.versions',
        spec.versions.map(({ name }) => name),
        'must have exactly one version marked as storage version',
      ),
    );
  }
  if (spec.conversion) checkConversion(spec.conversion, errors);
}

// Paths are those of Kubernetes' internal form, in which the webhook's fields stand beside the strategy.
function checkConversion({ strategy, webhook }: CustomResourceConversion, errors: FieldError[]): void {
  const at = 'spec.conversion';
  if (strategy === '') errors.push(required(`${at}.strategy`));
  else if (strategy !== 'None' && strategy !== 'Webhook') errors.push(notSupported(`${at}.strategy`, strategy, ['None', 'Webhook']));
  if (strategy !== 'Webhook') {
    const text = 'should not be set when strategy is not set to Webhook';
    if (webhook?.clientConfig) errors.push(forbiddenField(`${at}.webhookClientConfig`, text));
    if (webhook?.conversionReviewVersions?.length) errors.push(forbiddenField(`${at}.conversionReviewVersions`, text));
    return;
  }
  const config = webhook?.clientConfig;
  const here = `${at}.webhookClientConfig`;
  if (!config) errors.push(required(here, 'required when strategy is set to Webhook'));
  else if ((config.url === undefined) === (config.service === undefined))
    errors.push(required(here, 'exactly one of url or service is required'));
  else if (config.url !== undefined) checkUrl(config.url, `${here}.url`, errors);
  else if (config.service) checkService(config.service, `${here}.service`, errors);
  const versions = webhook?.conversionReviewVersions ?? [];
  const field = `${at}.conversionReviewVersions`;
  if (versions.length === 0) errors.push(required(field));
  else if (!versions.some((one) => one === 'v1' || one === 'v1beta1')) {
    errors.push(invalid(field, versions, 'must include at least one of v1, v1beta1'));
  }
  for (const [index, version] of versions.entries()) {
    if (versions.indexOf(version) < index) errors.push(invalid(`${field}[${index}]`, version, 'duplicate version'));
    else checkFormat(dns1035Label, version, `${field}[${index}]`, errors);
  }
}

const isKubernetesGroup = (group: string): boolean => /(^|\.)(k8s\.io|kubernetes\.io)$/.test(group);

function checkApproval(crd: CustomResourceDefinition, errors: FieldError[]): void {
  if (!isKubernetesGroup(crd.spec.group)) return;
  const key = 'api-approved.kubernetes.io';
  const value = crd.metadata.annotations?.[key];
  const hint = 'See https://github.com/kubernetes/enhancements/pull/1111';
  if (!value) {
    errors.push(
      required(
        `metadata.annotations[${key}]`,
        `protected groups must have approval annotation "${key}", see https://github.com/kubernetes/enhancements/pull/1111`,
      ),
    );
  } else if (!value.startsWith('unapproved') && !/^https?:\/\/\S+$/.test(value)) {
    errors.push(
      invalid(
        `metadata.annotations[${key}]`,
        value,
        `protected groups must have approval annotation "${key}" with either a URL or a reason starting with "unapproved", see ${hint.slice(4)}`,
      ),
    );
  }
}

const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status.conditions?.some((one) => one.type === 'Established' && one.status === 'True') ?? false;

/** Why the certificates of the conversion webhook cannot be used; undefined if there is nothing to say against them. */
export function bundleTrouble({ spec }: CustomResourceDefinition): string | undefined {
  const bundle = spec.conversion?.strategy === 'Webhook' ? spec.conversion.webhook?.clientConfig?.caBundle : undefined;
  if (!bundle) return undefined;
  const text = Buffer.from(bundle, 'base64').toString('latin1');
  const found = /-----BEGIN CERTIFICATE-----\s[\s\S]+?-----END CERTIFICATE-----/.test(text);
  return found ? undefined : 'unable to load root certificates: unable to parse bytes as PEM block';
}

export const extensionRules: readonly TypeRules[] = [
  typeRules<CustomResourceDefinition>(CustomResourceDefinition, {
    defaults(crd) {
      const { names } = crd.spec;
      if (names.kind !== '') {
        names.singular ??= names.kind.toLowerCase();
        names.listKind ??= `${names.kind}List`;
      }
      crd.spec.conversion ??= { strategy: 'None' };
      if (!crd.status.storedVersions?.length) {
        crd.status.storedVersions = crd.spec.versions.filter((version) => version.storage).map((version) => version.name);
      }
    },
    object(crd, errors) {
      const wanted = `${crd.spec.names.plural}.${crd.spec.group}`;
      if (crd.metadata.name !== wanted) {
        errors.push(invalid('metadata.name', crd.metadata.name, `must be spec.names.plural+"."+spec.group`));
      }
      checkSpec(crd.spec, errors);
      const stored = crd.status.storedVersions ?? [];
      const names = crd.spec.versions.map((version) => version.name);
      for (const [index, version] of stored.entries()) {
        if (!names.includes(version))
          errors.push(
            invalid(
              `status.storedVersions[${index}]`,
              version,
              'missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions'.replaceAll(
                'v1',
                version,
              ),
            ),
          );
      }
    },
    create: checkApproval,
    update(next, previous, errors) {
      if (next.spec.group !== previous.spec.group) errors.push(invalid('spec.group', next.spec.group, immutableText));
      if (next.spec.names.plural !== previous.spec.names.plural)
        errors.push(invalid('spec.names.plural', next.spec.names.plural, immutableText));
      const trouble = bundleTrouble(next);
      if (trouble !== undefined && bundleTrouble(previous) === undefined && isEstablished(previous)) {
        errors.push(
          invalid('spec.conversion.webhookClientConfig.caBundle', next.spec.conversion?.webhook?.clientConfig?.caBundle, trouble),
        );
      }
      if (!isEstablished(previous)) return;
      if (next.spec.scope !== previous.spec.scope) errors.push(invalid('spec.scope', next.spec.scope, immutableText));
      if (next.spec.names.kind !== previous.spec.names.kind) errors.push(invalid('spec.names.kind', next.spec.names.kind, immutableText));
    },
  }),
  typeRules<ServiceReference>(ServiceReference, {
    defaults(service) {
      service.port ??= 443;
    },
  }),
  typeRules<ServiceOfAPI>(ServiceOfAPI, {
    defaults(service) {
      service.port ??= 443;
    },
  }),
  typeRules<APIService>(APIService, {
    name: pathSegment,
    object({ metadata, spec }, errors) {
      const wanted = `${spec.version ?? ''}.${spec.group ?? ''}`;
      if (metadata.name !== wanted)
        errors.push(invalid('metadata.name', metadata.name, `must be \`spec.version+"."+spec.group\`: "${wanted}"`));
      for (const text of dns1035Label(spec.version ?? '')) errors.push(invalid('spec.version', spec.version ?? '', text));
      if (spec.groupPriorityMinimum <= 0 || spec.groupPriorityMinimum > 20000) {
        errors.push(invalid('spec.groupPriorityMinimum', spec.groupPriorityMinimum, 'must be positive and less than 20000'));
      }
      if (spec.versionPriority <= 0 || spec.versionPriority > 1000) {
        errors.push(invalid('spec.versionPriority', spec.versionPriority, 'must be positive and less than 1000'));
      }
      if (!spec.service) {
        if (spec.caBundle)
          errors.push(invalid('spec.caBundle', `${spec.caBundle.length} bytes`, 'local APIServices may not have a caBundle'));
        if (spec.insecureSkipTLSVerify) {
          errors.push(invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
        }
        return;
      }
      for (const field of ['namespace', 'name'] as const) if (!spec.service[field]) errors.push(required(`spec.service.${field}`));
      checkRange(spec.service.port, [1, 65535], 'spec.service.port', errors);
      if (spec.insecureSkipTLSVerify && spec.caBundle) {
        errors.push(invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
      }
    },
  }),
];
