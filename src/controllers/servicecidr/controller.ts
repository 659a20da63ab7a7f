// Keeps the ranges of Service addresses: says that they are ready, and lets none go that an address depends on.
import type { Component } from '#base/world.ts';
import type { IPAddress } from '#api/networking/v1/ipaddress.ts';
import { IPAddresses, ServiceCIDRs } from '#api/refs.ts';
import { startController } from '#client/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { nextStep } from './plan.ts';

const managedBy = 'ipaddress.kubernetes.io/managed-by';

/** Starts the controller. */
export function startServiceCidrController({ client, informers, world }: ControllerDeps): Component {
  const ranges = informers.of(ServiceCIDRs);
  const addresses = informers.of(IPAddresses);
  const resource = client.resource(ServiceCIDRs);
  const isOurs = ({ metadata }: IPAddress): boolean => metadata.labels?.[managedBy] === 'ipallocator.k8s.io';

  async function reconcile(name: string): Promise<void | { requeueAfter: number }> {
    const range = ranges.lister.get(name);
    if (range === undefined) return;
    const now = world.clock.now();
    // What would block a deletion is only asked for when there is one.
    const held = range.metadata.deletionTimestamp === undefined ? [] : addresses.lister.list().filter(isOurs);
    const step = nextStep(
      range,
      ranges.lister.list(),
      held.map(({ metadata }) => metadata.name),
      now,
    );
    if (step.do === 'wait') return { requeueAfter: step.ms };
    if (step.do === 'finalizers') await resource.update({ ...range, metadata: { ...range.metadata, finalizers: step.finalizers } });
    if (step.do !== 'condition') return;
    const { status, reason, message } = step;
    const condition = { type: 'Ready', status, reason, message, lastTransitionTime: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z') };
    const others = (range.status?.conditions ?? []).filter(({ type }) => type !== 'Ready');
    await resource.updateStatus({ ...range, status: { conditions: [...others, condition] } });
  }

  const handle = startController({ name: 'servicecidr', world, workers: 1, synced: allSynced(ranges, addresses), reconcile });
  const look = ({ metadata }: { readonly metadata: { readonly name: string } }): void => handle.enqueue(metadata.name);
  /** Ranges come and go: those that are being deleted may be free now, or needed again. */
  const lookAtEnding = (): void => {
    for (const range of ranges.lister.list()) if (range.metadata.deletionTimestamp !== undefined) look(range);
  };
  const whenOurs = (address: IPAddress): void => {
    if (isOurs(address)) lookAtEnding();
  };
  return withCleanup(
    handle,
    ranges.onChange({
      added: (range) => {
        look(range);
        lookAtEnding();
      },
      updated: look,
      deleted: lookAtEnding,
    }),
    addresses.onChange({ added: whenOurs, deleted: whenOurs }),
  );
}
