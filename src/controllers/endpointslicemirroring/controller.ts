// Mirrors hand-made Endpoints into EndpointSlices, which is what proxies and DNS read.
import type { Component } from '#base/world.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { keyOf, type KubeObject } from '#api/object.ts';
import { EndpointSlices, EndpointsRes, Services } from '#api/refs.ts';
import { hasCause } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { Overlay } from '#client/overlay.ts';
import { managedByLabel, serviceNameLabel } from '../endpointslice/plan.ts';
import { writeSlices } from '../endpointslice/write.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { mirrored, mirrorManager, planMirror } from './plan.ts';

const index = 'mirror';

function ownerKey({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[serviceNameLabel];
  return name !== undefined && metadata.labels?.[managedByLabel] === mirrorManager ? `${metadata.namespace}/${name}` : undefined;
}

/** Starts the controller. */
export function startEndpointSliceMirroringController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const services = informers.of(Services);
  const endpoints = informers.of(EndpointsRes);
  const slices = informers.of(EndpointSlices);
  slices.addIndex(index, (slice) => [ownerKey(slice) ?? ''].filter((key) => key !== ''));
  const recorder = createRecorder(client, world, { component: 'endpoint-slice-mirroring-controller' });

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const source = endpoints.lister.getByKey(key);
    const service = services.lister.getByKey(key);
    const existing = overlay.merge(slices.lister.byIndex(index, key), (slice) => ownerKey(slice) === key);
    const target = { slices: client.resource(EndpointSlices), overlay, signal };
    if (!mirrored(source, service) || service === undefined) {
      await writeSlices(target, { create: [], update: [], delete: existing });
      return;
    }
    const { plan, skipped } = planMirror(source, service, existing);
    if (skipped > 0) {
      const message = `Found ${skipped} addresses beyond the limit of addresses that are mirrored to EndpointSlices`;
      recorder.event(source, 'Warning', 'TooManyAddressesToMirror', message);
    }
    try {
      await writeSlices(target, plan);
    } catch (error) {
      if (!hasCause(error, 'NamespaceTerminating') && !signal.aborted) throw error;
    }
  }

  const handle = startController({ name: 'endpointslicemirroring', world, synced: allSynced(services, endpoints, slices), reconcile });
  const overlay = new Overlay(slices, (slice) => {
    const key = ownerKey(slice);
    if (key !== undefined) handle.enqueue(key);
  });
  const look = (object: KubeObject): void => handle.enqueue(keyOf(object));
  // Services with a selector have Endpoints that change with every pod: those are not ours, and skipped early.
  const lookEndpoints = (object: KubeObject): void => {
    if (!services.synced || services.lister.getByKey(keyOf(object))?.spec.selector === undefined) look(object);
  };
  return withCleanup(
    handle,
    services.onChange({
      added: look,
      updated: (service, previous) => {
        if ((service.spec.selector === undefined) !== (previous.spec.selector === undefined)) look(service);
      },
      deleted: look,
    }),
    endpoints.onChange({ added: lookEndpoints, updated: lookEndpoints, deleted: lookEndpoints }),
    () => overlay.stop(),
    () => recorder[Symbol.asyncDispose](),
  );
}
