// Finds devices for claims on one node: a search with turning back, bounded. Pure.
import type { Node } from '#api/core/v1/node.ts';
import type { DeviceConstraint, DeviceRequest, DeviceSelector, DeviceToleration } from '#api/resource/v1/common.ts';
import type { DeviceClass } from '#api/resource/v1/deviceclass.ts';
import type { AllocationResult, DeviceRequestAllocationResult, ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import { countersSuffice, type OfferedDevice, reaches } from './inventory.ts';
import { selected } from './selectors.ts';

/** Devices tried per node before the search is given up. */
const mostSteps = 20_000;

export interface Supply {
  readonly devices: readonly OfferedDevice[];
  /** Ids of devices that others hold. */
  readonly inUse: ReadonlySet<string>;
  deviceClass(name: string): DeviceClass | undefined;
}

/** One device to be found. */
interface Slot {
  readonly claim: ResourceClaim;
  /** `request` or `request/subrequest`. */
  readonly request: string;
  readonly admin: boolean;
  readonly tolerations: readonly DeviceToleration[];
  readonly candidates: readonly OfferedDevice[];
}

interface Demand {
  readonly name: string;
  readonly deviceClassName: string;
  readonly selectors: readonly DeviceSelector[];
  readonly mode: 'All' | 'ExactCount';
  readonly count: number;
  readonly admin: boolean;
  readonly tolerations: readonly DeviceToleration[];
}

/** The alternatives of a request, the best first. */
function demandsOf(request: DeviceRequest): Demand[] {
  const demand = (name: string, item: NonNullable<DeviceRequest['exactly']>): Demand => ({
    name,
    deviceClassName: item.deviceClassName,
    selectors: item.selectors ?? [],
    mode: item.allocationMode ?? 'ExactCount',
    count: item.count ?? 1,
    admin: item.adminAccess === true,
    tolerations: item.tolerations ?? [],
  });
  if (request.exactly !== undefined) return [demand(request.name, request.exactly)];
  return (request.firstAvailable ?? []).map((item) => demand(`${request.name}/${item.name}`, item));
}

function tolerated({ device }: OfferedDevice, tolerations: readonly DeviceToleration[]): boolean {
  return (device.taints ?? []).every(
    (taint) =>
      taint.effect === 'None' ||
      tolerations.some(
        (item) =>
          (!item.effect || item.effect === taint.effect) &&
          (!item.key || item.key === taint.key) &&
          (item.operator === 'Exists' || (item.value ?? '') === (taint.value ?? '')),
      ),
  );
}

function slotsOf(claim: ResourceClaim, demand: Demand, { supply, node }: { supply: Supply; node: Node }): Slot[] | undefined {
  const deviceClass = supply.deviceClass(demand.deviceClassName);
  if (deviceClass === undefined) return undefined;
  const suitable = supply.devices.filter(
    (offered) =>
      reaches(node, offered) &&
      tolerated(offered, demand.tolerations) &&
      selected(offered, deviceClass.spec.selectors) &&
      selected(offered, demand.selectors),
  );
  const free = demand.admin ? suitable : suitable.filter(({ id }) => !supply.inUse.has(id));
  const slot = (candidates: readonly OfferedDevice[]): Slot => ({
    claim,
    request: demand.name,
    admin: demand.admin,
    tolerations: demand.tolerations,
    candidates,
  });
  if (demand.mode === 'ExactCount') return free.length < demand.count ? undefined : Array.from({ length: demand.count }, () => slot(free));
  // All means all: one that somebody holds spoils it.
  if (suitable.length === 0 || free.length < suitable.length) return undefined;
  return suitable.map((offered) => slot([offered]));
}

function attributeOf({ device, driver }: OfferedDevice, name: string): string | undefined {
  const own = name.startsWith(`${driver}/`) ? device.attributes?.[name.slice(driver.length + 1)] : undefined;
  const value = device.attributes?.[name] ?? own;
  return value === undefined ? undefined : JSON.stringify(value);
}

function concerns({ requests }: DeviceConstraint, request: string): boolean {
  return requests === undefined || requests.length === 0 || requests.includes(request) || requests.includes(request.split('/')[0] ?? '');
}

interface Chosen {
  readonly slot: Slot;
  readonly offered: OfferedDevice;
}

function constraintsHold(chosen: readonly Chosen[], next: Chosen): boolean {
  const { claim, request } = next.slot;
  for (const constraint of claim.spec.devices?.constraints ?? []) {
    if (!concerns(constraint, request)) continue;
    const attribute = constraint.matchAttribute ?? constraint.distinctAttribute;
    if (attribute === undefined) continue;
    const value = attributeOf(next.offered, attribute);
    if (value === undefined) return false;
    for (const { slot, offered } of chosen) {
      if (slot.claim !== claim || !concerns(constraint, slot.request)) continue;
      const same = attributeOf(offered, attribute) === value;
      if (same === (constraint.matchAttribute === undefined)) return false;
    }
  }
  return true;
}

/** Every combination of alternatives, the preferred ones first. */
function* combinations(
  requests: readonly { claim: ResourceClaim; request: DeviceRequest }[],
): Generator<{ claim: ResourceClaim; demand: Demand }[]> {
  const [first, ...rest] = requests;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const demand of demandsOf(first.request)) for (const others of combinations(rest)) yield [{ claim: first.claim, demand }, ...others];
}

/** Devices for all claims on the node, by claim uid; undefined when there are not enough. */
export function allocate(claims: readonly ResourceClaim[], node: Node, supply: Supply): Map<string, AllocationResult> | undefined {
  const requests = claims.flatMap((claim) => (claim.spec.devices?.requests ?? []).map((request) => ({ claim, request })));
  const held = supply.devices.filter(({ id, device }) => device.consumesCounters !== undefined && supply.inUse.has(id));
  let steps = 0;
  for (const wanted of combinations(requests)) {
    if (steps > mostSteps) return undefined;
    const slots: Slot[] = [];
    const complete = wanted.every(({ claim, demand }) => {
      const found = slotsOf(claim, demand, { supply, node });
      slots.push(...(found ?? []));
      return found !== undefined;
    });
    if (!complete) continue;
    const chosen: Chosen[] = [];
    const used = new Set<string>();
    const search = (at: number): boolean => {
      const slot = slots[at];
      if (slot === undefined) return true;
      for (const offered of slot.candidates) {
        if (++steps > mostSteps) return false;
        if (!slot.admin && used.has(offered.id)) continue;
        const next = { slot, offered };
        if (!constraintsHold(chosen, next)) continue;
        const shares = offered.device.consumesCounters !== undefined && !slot.admin;
        if (shares && !countersSuffice([...held, ...chosen.map((item) => item.offered), offered])) continue;
        chosen.push(next);
        if (!slot.admin) used.add(offered.id);
        if (search(at + 1)) return true;
        chosen.pop();
        if (!slot.admin) used.delete(offered.id);
      }
      return false;
    };
    if (search(0)) return new Map(claims.map((claim) => [claim.metadata.uid ?? '', resultFor(claim, chosen, supply)]));
  }
  return undefined;
}

function resultFor(claim: ResourceClaim, all: readonly Chosen[], supply: Supply): AllocationResult {
  const chosen = all.filter(({ slot }) => slot.claim === claim);
  const results = chosen.map(
    ({ slot, offered }): DeviceRequestAllocationResult => ({
      request: slot.request,
      driver: offered.driver,
      pool: offered.pool,
      device: offered.device.name,
      ...(slot.admin ? { adminAccess: true } : {}),
      ...(slot.tolerations.length > 0 ? { tolerations: slot.tolerations } : {}),
    }),
  );
  const classes = new Map<string, string[]>();
  for (const request of claim.spec.devices?.requests ?? [])
    for (const { name, deviceClassName } of demandsOf(request))
      if (chosen.some(({ slot }) => slot.request === name)) classes.set(deviceClassName, [...(classes.get(deviceClassName) ?? []), name]);
  const config = [
    ...[...classes].flatMap(([name, requests]) =>
      (supply.deviceClass(name)?.spec.config ?? []).map((item) => ({ ...item, source: 'FromClass' as const, requests })),
    ),
    ...(claim.spec.devices?.config ?? []).map((item) => ({ ...item, source: 'FromClaim' as const })),
  ];
  const nodeSelector = selectorFor(chosen.map(({ offered }) => offered));
  return { devices: { results, ...(config.length > 0 ? { config } : {}) }, ...(nodeSelector ? { nodeSelector } : {}) };
}

/** Where the devices can be used together: on their node, or where all their selectors hold. */
function selectorFor(devices: readonly OfferedDevice[]): AllocationResult['nodeSelector'] {
  const local = devices.find(({ nodeName }) => nodeName !== undefined);
  if (local?.nodeName !== undefined)
    return { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [local.nodeName] }] }] };
  // A selector of a slice has one term, as its validation demands; so their conjunction is one term, too.
  const terms = devices.flatMap(({ nodeSelector }) => nodeSelector?.nodeSelectorTerms ?? []);
  if (terms.length === 0) return undefined;
  const matchExpressions = terms.flatMap((term) => term.matchExpressions ?? []);
  const matchFields = terms.flatMap((term) => term.matchFields ?? []);
  return {
    nodeSelectorTerms: [
      { ...(matchExpressions.length > 0 ? { matchExpressions } : {}), ...(matchFields.length > 0 ? { matchFields } : {}) },
    ],
  };
}
