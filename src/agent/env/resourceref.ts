// A container's own requests and limits, for environment variables and downward API files: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { quantityMilli, quantityValue } from '#format/quantity.ts';
import type { AnyContainer } from '../parts.ts';
import { findContainer } from '../sync/spec.ts';

type Quantities = Readonly<Record<string, string>>;

const allowed = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/;

/** Rounds up the amount of units of `divisor` in `value`. */
function divide(resource: string, value: string, divisor: string): string {
  const unit = divisor === '' || divisor === '0' ? '1' : divisor;
  if (resource === 'cpu') return String(Math.ceil(quantityMilli(value) / quantityMilli(unit)));
  return String(Math.ceil(quantityValue(value) / quantityValue(unit)));
}

/** The value of `limits.cpu` and so on. An absent limit is what the node can give; an absent request is the limit's, else 0. */
export function resourceField(
  pod: Pod,
  container: AnyContainer,
  about: { ref: { readonly containerName?: string; readonly resource: string; readonly divisor?: string }; allocatable: Quantities },
): string {
  const { ref, allocatable } = about;
  const match = allowed.exec(ref.resource);
  if (!match) throw new Error(`unsupported container resource : ${ref.resource}`);
  const [, kind, resource = ''] = match;
  const target = ref.containerName ? findContainer(pod, ref.containerName)?.container : container;
  if (!target) throw new Error(`container ${ref.containerName} not found`);
  const { limits = {}, requests = {} } = target.resources ?? {};
  const value = kind === 'limits' ? (limits[resource] ?? allocatable[resource]) : (requests[resource] ?? limits[resource]);
  return divide(resource, value ?? '0', ref.divisor ?? '1');
}
