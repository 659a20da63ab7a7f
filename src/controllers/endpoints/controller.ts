// Endpoints of Services with a selector (the older form of EndpointSlices, kept for clients that read it).
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import { keyOf, splitKey } from '#api/object.ts';
import { EndpointsRes, Pods, Services } from '#api/refs.ts';
import { hasCause, isNotFound, StatusError } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { Overlay } from '#client/overlay.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { managedBy, managedByLabel, planEndpoints } from './plan.ts';
import { endpointsChanged, indexBySelector, selects, servicesOf } from './pods.ts';
import { TriggerTimes } from './triggertime.ts';

/** Starts the controller. */
export function startEndpointsController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const services = informers.of(Services);
  const pods = informers.of(Pods);
  const endpoints = informers.of(EndpointsRes);
  indexBySelector(services);
  const recorder = createRecorder(client, world, { component: 'endpoint-controller' });
  const times = new TriggerTimes();
  const resource = client.resource(EndpointsRes);

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { namespace, name } = splitKey(key);
    const service = services.lister.getByKey(key);
    if (service === undefined) {
      times.forget(key);
      const left = overlay.get(key);
      if (left === undefined) return;
      const options = { preconditions: { uid: left.metadata.uid } };
      await resource.delete(name, { namespace, signal, options }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      return;
    }
    if (service.spec.type === 'ExternalName' || service.spec.selector === undefined) return;
    const selected = pods.lister.list(namespace).filter((pod) => selects(service, pod.metadata.labels));
    const plan = planEndpoints(service, selected, { current: overlay.get(key), triggerTime: times.next(key, service, selected) });
    if (plan === undefined) return;
    try {
      overlay.wrote('create' in plan ? await resource.create(plan.create, { signal }) : await resource.update(plan.update, { signal }));
    } catch (error) {
      if (hasCause(error, 'NamespaceTerminating') || signal.aborted) return;
      if (!(error instanceof StatusError) || error.reason !== 'Conflict') {
        const verb = 'create' in plan ? 'create' : 'update';
        const reason = verb === 'create' ? 'FailedToCreateEndpoint' : 'FailedToUpdateEndpoint';
        recorder.event(
          'create' in plan ? service : plan.update,
          'Warning',
          reason,
          `Failed to ${verb} endpoint ${key}: ${messageOf(error)}`,
        );
      }
      throw error;
    }
  }

  const handle = startController({ name: 'endpoints', world, synced: allSynced(services, pods, endpoints), reconcile });
  const overlay = new Overlay(endpoints, (object) => {
    const key = keyOf(object);
    // Endpoints that somebody made without a Service are his; ours are left over when their Service has gone meanwhile.
    if (services.lister.getByKey(key) !== undefined || object.metadata.labels?.[managedByLabel] === managedBy) handle.enqueue(key);
  });
  const lookService = (service: Service): void => handle.enqueue(keyOf(service));
  const lookPod = (pod: Pod): void => {
    for (const service of servicesOf(services, pod)) handle.enqueue(keyOf(service));
  };
  return withCleanup(
    handle,
    services.onChange({ added: lookService, updated: lookService, deleted: lookService }),
    pods.onChange({
      added: lookPod,
      updated: (pod, previous) => {
        if (!endpointsChanged(pod, previous)) return;
        lookPod(pod);
        if (pod.metadata.labels !== previous.metadata.labels) lookPod(previous);
      },
      deleted: lookPod,
    }),
    () => overlay.stop(),
    () => recorder[Symbol.asyncDispose](),
  );
}
