import { bool, bytes, type Infer, list, map, of, opt, raw, req, string, struct } from '#api/dsl.ts';
import { UserInfo } from '#api/authentication/v1/common.ts';
import { GroupVersionKind, GroupVersionResource } from '#api/meta/v1/discovery.ts';
import { Status } from '#api/meta/v1/status.ts';

export const AdmissionRequest = struct('admission.v1.AdmissionRequest', {
  dryRun: opt(11, bool, { ptr: true }),
  kind: req(
    2,
    of<GroupVersionKind>(() => GroupVersionKind),
    { emit: true },
  ),
  name: opt(5, string),
  namespace: opt(6, string),
  object: opt(9, raw, { emit: true }),
  oldObject: opt(10, raw, { emit: true }),
  operation: req(7, string, { emit: true }),
  options: opt(12, raw, { emit: true }),
  requestKind: opt(
    13,
    of<GroupVersionKind>(() => GroupVersionKind),
  ),
  requestResource: opt(
    14,
    of<GroupVersionResource>(() => GroupVersionResource),
  ),
  requestSubResource: opt(15, string),
  resource: req(
    3,
    of<GroupVersionResource>(() => GroupVersionResource),
    { emit: true },
  ),
  subResource: opt(4, string),
  uid: req(1, string, { emit: true }),
  userInfo: req(
    8,
    of<UserInfo>(() => UserInfo),
    { emit: true },
  ),
});
export interface AdmissionRequest extends Infer<typeof AdmissionRequest> {}

export const AdmissionResponse = struct('admission.v1.AdmissionResponse', {
  allowed: req(2, bool, { emit: true }),
  auditAnnotations: opt(6, map(string)),
  patch: opt(4, bytes),
  patchType: opt(5, string, { ptr: true }),
  status: opt(
    3,
    of<Status>(() => Status),
  ),
  uid: req(1, string, { emit: true }),
  warnings: opt(7, list(string, 'atomic')),
});
export interface AdmissionResponse extends Infer<typeof AdmissionResponse> {}

export const AdmissionReview = struct('admission.v1.AdmissionReview', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  request: opt(
    1,
    of<AdmissionRequest>(() => AdmissionRequest),
  ),
  response: opt(
    2,
    of<AdmissionResponse>(() => AdmissionResponse),
  ),
});
export interface AdmissionReview extends Infer<typeof AdmissionReview> {}
