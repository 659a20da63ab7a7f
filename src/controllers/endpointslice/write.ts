// Carries out a plan for slices and remembers what it wrote.
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { isNotFound } from '#api/status.ts';
import type { ResourceClient } from '#client/client.ts';
import type { Overlay } from '#client/overlay.ts';
import type { SlicePlan } from './slices.ts';

interface Target {
  readonly slices: ResourceClient<EndpointSlice>;
  readonly overlay: Overlay<EndpointSlice>;
  readonly signal: AbortSignal;
}

/** Creates and updates before it deletes, so that no endpoint is ever missing in between. */
export async function writeSlices({ slices, overlay, signal }: Target, plan: SlicePlan): Promise<void> {
  for (const draft of plan.create) overlay.wrote(await slices.create(draft, { signal }));
  for (const slice of plan.update) overlay.wrote(await slices.update(slice, { signal }));
  for (const slice of plan.delete) {
    const { name, namespace = '', uid } = slice.metadata;
    try {
      await slices.delete(name, { namespace, signal, options: { preconditions: { uid } } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    overlay.removed(slice);
  }
}
