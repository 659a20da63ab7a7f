import { bool, type Infer, int64, list, map, of, oneOf, opt, quantity, raw, req, string, struct } from '#api/dsl.ts';

export const CELDeviceSelector = struct('resource.v1.CELDeviceSelector', {
  expression: req(1, string, { emit: true }),
});
export interface CELDeviceSelector extends Infer<typeof CELDeviceSelector> {}

export const CapacityRequirements = struct('resource.v1.CapacityRequirements', {
  requests: opt(1, map(quantity)),
});
export interface CapacityRequirements extends Infer<typeof CapacityRequirements> {}

export const OpaqueDeviceConfiguration = struct('resource.v1.OpaqueDeviceConfiguration', {
  driver: req(1, string, { emit: true }),
  parameters: req(2, raw, { emit: true }),
});
export interface OpaqueDeviceConfiguration extends Infer<typeof OpaqueDeviceConfiguration> {}

export const DeviceClaimConfiguration = struct('resource.v1.DeviceClaimConfiguration', {
  opaque: opt(
    1,
    of<OpaqueDeviceConfiguration>(() => OpaqueDeviceConfiguration),
    { via: [2] },
  ),
  requests: opt(1, list(string, 'atomic')),
});
export interface DeviceClaimConfiguration extends Infer<typeof DeviceClaimConfiguration> {}

export const DeviceConstraint = struct('resource.v1.DeviceConstraint', {
  distinctAttribute: opt(3, string, { ptr: true }),
  matchAttribute: opt(2, string, { ptr: true }),
  requests: opt(1, list(string, 'atomic')),
});
export interface DeviceConstraint extends Infer<typeof DeviceConstraint> {}

export const DeviceSelector = struct('resource.v1.DeviceSelector', {
  cel: opt(
    1,
    of<CELDeviceSelector>(() => CELDeviceSelector),
  ),
});
export interface DeviceSelector extends Infer<typeof DeviceSelector> {}

export const DeviceToleration = struct('resource.v1.DeviceToleration', {
  effect: opt(4, oneOf('NoExecute', 'NoSchedule', 'None')),
  key: opt(1, string),
  operator: opt(2, oneOf('Equal', 'Exists'), { default: 'Equal' }),
  tolerationSeconds: opt(5, int64, { ptr: true }),
  value: opt(3, string),
});
export interface DeviceToleration extends Infer<typeof DeviceToleration> {}

export const DeviceSubRequest = struct('resource.v1.DeviceSubRequest', {
  allocationMode: opt(4, oneOf('All', 'ExactCount')),
  capacity: opt(
    7,
    of<CapacityRequirements>(() => CapacityRequirements),
  ),
  count: opt(5, int64),
  deviceClassName: req(2, string, { emit: true }),
  name: req(1, string, { emit: true }),
  selectors: opt(
    3,
    list(
      of<DeviceSelector>(() => DeviceSelector),
      'atomic',
    ),
  ),
  tolerations: opt(
    6,
    list(
      of<DeviceToleration>(() => DeviceToleration),
      'atomic',
    ),
  ),
});
export interface DeviceSubRequest extends Infer<typeof DeviceSubRequest> {}

export const ExactDeviceRequest = struct('resource.v1.ExactDeviceRequest', {
  adminAccess: opt(5, bool, { ptr: true }),
  allocationMode: opt(3, oneOf('All', 'ExactCount')),
  capacity: opt(
    7,
    of<CapacityRequirements>(() => CapacityRequirements),
  ),
  count: opt(4, int64),
  deviceClassName: req(1, string, { emit: true }),
  selectors: opt(
    2,
    list(
      of<DeviceSelector>(() => DeviceSelector),
      'atomic',
    ),
  ),
  tolerations: opt(
    6,
    list(
      of<DeviceToleration>(() => DeviceToleration),
      'atomic',
    ),
  ),
});
export interface ExactDeviceRequest extends Infer<typeof ExactDeviceRequest> {}

export const DeviceRequest = struct('resource.v1.DeviceRequest', {
  exactly: opt(
    2,
    of<ExactDeviceRequest>(() => ExactDeviceRequest),
  ),
  firstAvailable: opt(
    3,
    list(
      of<DeviceSubRequest>(() => DeviceSubRequest),
      'atomic',
    ),
  ),
  name: req(1, string, { emit: true }),
});
export interface DeviceRequest extends Infer<typeof DeviceRequest> {}

export const DeviceClaim = struct('resource.v1.DeviceClaim', {
  config: opt(
    3,
    list(
      of<DeviceClaimConfiguration>(() => DeviceClaimConfiguration),
      'atomic',
    ),
  ),
  constraints: opt(
    2,
    list(
      of<DeviceConstraint>(() => DeviceConstraint),
      'atomic',
    ),
  ),
  requests: opt(
    1,
    list(
      of<DeviceRequest>(() => DeviceRequest),
      'atomic',
    ),
    { emit: true },
  ),
});
export interface DeviceClaim extends Infer<typeof DeviceClaim> {}

export const ResourceClaimSpec = struct('resource.v1.ResourceClaimSpec', {
  devices: opt(
    1,
    of<DeviceClaim>(() => DeviceClaim),
    { emit: true },
  ),
});
export interface ResourceClaimSpec extends Infer<typeof ResourceClaimSpec> {}
