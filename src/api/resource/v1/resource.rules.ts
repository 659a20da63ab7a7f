// Defaults and validation of device requests (resource.k8s.io).
import { checkFormat, checkSubdomain, present } from '#api/checks.ts';
import { duplicate, type FieldError, invalid, required, tooMany } from '#api/fielderror.ts';
import { dns1123Label, immutableText, positiveText } from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Mutable, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { DeviceClaim, DeviceSubRequest, DeviceToleration, ExactDeviceRequest } from './common.ts';
import { ResourceClaim } from './resourceclaim.ts';
import { ResourceClaimTemplate } from './resourceclaimtemplate.ts';

type Request = ExactDeviceRequest | DeviceSubRequest;

function requestDefaults(request: Mutable<Request>): void {
  request.allocationMode ??= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ??= 1;
}

function checkRequest(request: Request, at: string, errors: FieldError[]): void {
  if (request.deviceClassName === '') errors.push(required(`${at}.deviceClassName`));
  else checkSubdomain(request.deviceClassName, `${at}.deviceClassName`, errors);
  const count = request.count ?? 0;
  if (request.allocationMode === 'ExactCount' && count <= 0) errors.push(invalid(`${at}.count`, count, positiveText));
  if (request.allocationMode === 'All' && count !== 0) {
    errors.push(invalid(`${at}.count`, count, "must not be specified when allocationMode is 'All'"));
  }
}

export const resourceGroupRules: readonly TypeRules[] = [
  typeRules<ExactDeviceRequest>(ExactDeviceRequest, { defaults: requestDefaults, check: checkRequest }),
  typeRules<DeviceSubRequest>(DeviceSubRequest, { defaults: requestDefaults, check: checkRequest }),
  typeRules<DeviceToleration>(DeviceToleration, {
    defaults(toleration) {
      toleration.operator ??= 'Equal';
    },
  }),
  typeRules<DeviceClaim>(DeviceClaim, {
    check(claim, at, errors) {
      const requests = claim.requests ?? [];
      if (requests.length > 32) errors.push(tooMany(`${at}.requests`, requests.length, 32));
      const names = new Set<string>();
      for (const [index, request] of requests.entries()) {
        const here = `${at}.requests[${index}]`;
        if (request.name === '') errors.push(required(`${here}.name`));
        else checkFormat(dns1123Label, request.name, `${here}.name`, errors);
        if (names.has(request.name)) errors.push(duplicate(here, request.name));
        names.add(request.name);
        const set = present(request, ['exactly', 'firstAvailable']);
        if (set.length === 0) errors.push(required(here, 'exactly one of `exactly` or `firstAvailable` is required'));
        if (set.length > 1)
          errors.push(invalid(here, request, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set'));
      }
    },
  }),
  typeRules<ResourceClaim>(ResourceClaim, {
    update(next, previous, errors) {
      if (!semanticEqual(next.spec, previous.spec)) errors.push(invalid('spec', next.spec, immutableText));
    },
    status(next, _previous, errors) {
      const users = next.status.reservedFor?.length ?? 0;
      if (users > 256) errors.push(tooMany('status.reservedFor', users, 256));
    },
  }),
  typeRules<ResourceClaimTemplate>(ResourceClaimTemplate, {
    update(next, previous, errors) {
      if (!semanticEqual(next.spec, previous.spec)) errors.push(invalid('spec', next.spec, immutableText));
    },
  }),
];
