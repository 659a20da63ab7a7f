// Validation of reviews, token requests and certificate signing requests.
import { TokenRequestSpec } from '#api/authentication/v1/tokenrequest.ts';
import { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import { invalid, notSupported, required } from '#api/fielderror.ts';
import { dns1123Subdomain, pathSegment } from '#api/formats.ts';
import { type Errors, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import type { NonResourceAttributes, ResourceAttributes } from './common.ts';
import { LocalSubjectAccessReview } from './localsubjectaccessreview.ts';
import { SelfSubjectAccessReview } from './selfsubjectaccessreview.ts';
import { SubjectAccessReview } from './subjectaccessreview.ts';

interface Attributes {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

function checkAttributes(spec: Attributes, errors: Errors): void {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes && nonResourceAttributes) {
    const text = 'cannot be specified in combination with resourceAttributes';
    errors.push(invalid('spec.nonResourceAttributes', nonResourceAttributes, text));
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    errors.push(invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'));
  }
}

function checkSubject(spec: Attributes & { readonly user?: string; readonly groups?: readonly string[] }, errors: Errors): void {
  checkAttributes(spec, errors);
  if (!spec.user && !spec.groups?.length)
    errors.push(invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'));
}

const labelledRequest = /^-----BEGIN CERTIFICATE REQUEST-----/m;

function checkSigner(name: string, errors: Errors): void {
  const at = 'spec.signerName';
  if (name === '') {
    errors.push(required(at));
    return;
  }
  const [domain = '', path, ...more] = name.split('/');
  if (path === undefined || more.length) {
    errors.push(invalid(at, name, 'must be a fully qualified domain and path of the form "example.com/signer-name"'));
    return;
  }
  const texts = dns1123Subdomain(domain);
  for (const text of texts) errors.push(invalid(at, domain, text));
  if (texts.length === 0 && !domain.includes('.'))
    errors.push(invalid(at, domain, 'should be a domain with at least two segments separated by dots'));
  if (path === '') errors.push(invalid(at, path, `validating label "${path}": must be non-empty`));
}

export const reviewRules: readonly TypeRules[] = [
  typeRules<SubjectAccessReview>(SubjectAccessReview, { object: ({ spec }, errors) => checkSubject(spec, errors) }),
  typeRules<SelfSubjectAccessReview>(SelfSubjectAccessReview, { object: ({ spec }, errors) => checkAttributes(spec, errors) }),
  typeRules<LocalSubjectAccessReview>(LocalSubjectAccessReview, {
    object({ spec, metadata }, errors) {
      checkSubject(spec, errors);
      if (spec.nonResourceAttributes) {
        errors.push(invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request'));
      }
      const namespace = spec.resourceAttributes?.namespace ?? '';
      if (spec.resourceAttributes && namespace !== (metadata.namespace ?? '')) {
        errors.push(invalid('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace'));
      }
    },
  }),
  typeRules<TokenRequestSpec>(TokenRequestSpec, {
    defaults(spec) {
      spec.expirationSeconds ??= 3600;
    },
    check(spec, at, errors) {
      const seconds = spec.expirationSeconds ?? 3600;
      if (seconds < 600) errors.push(invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
      if (seconds > 4294967296)
        errors.push(invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
    },
  }),
  typeRules<CertificateSigningRequest>(CertificateSigningRequest, {
    name: pathSegment,
    create(request, errors) {
      const { spec } = request;
      const pem = Buffer.from(spec.request, 'base64').toString('latin1');
      if (!labelledRequest.test(pem)) errors.push(invalid('spec.request', spec.request, 'PEM block type must be CERTIFICATE REQUEST'));
      if (!spec.usages?.length) errors.push(required('spec.usages'));
      spec.usages?.forEach((usage, index) => {
        if ((spec.usages ?? []).indexOf(usage) < index) {
          errors.push({ type: 'Duplicate value', field: `spec.usages[${index}]`, value: usage, detail: '' });
        }
      });
      if (spec.signerName === 'kubernetes.io/legacy-unknown') {
        errors.push(invalid('spec.signerName', spec.signerName, 'the legacy signerName is not allowed via this API version'));
      } else checkSigner(spec.signerName, errors);
      const seconds = spec.expirationSeconds;
      if (seconds !== undefined && seconds < 600)
        errors.push(invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
    },
    status(next, _previous, errors) {
      const seen = new Set<string>();
      for (const [index, { type, status }] of (next.status.conditions ?? []).entries()) {
        const at = `status.conditions[${index}]`;
        if (type === '') errors.push(required(`${at}.type`));
        if (!['True', 'False', 'Unknown'].includes(status)) errors.push(notSupported(`${at}.status`, status, ['False', 'True', 'Unknown']));
        if (seen.has(type)) errors.push({ type: 'Duplicate value', field: `${at}.type`, value: type, detail: '' });
        seen.add(type);
      }
      if (seen.has('Approved') && seen.has('Denied')) {
        errors.push(invalid('status.conditions', 'Approved', 'Approved and Denied conditions are mutually exclusive'));
      }
    },
  }),
];
