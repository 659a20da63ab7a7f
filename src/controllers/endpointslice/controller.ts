// EndpointSlices of Services with a selector. On the way of every rollout: a pod that becomes ready is in its slice within
// one turn of the queue, with no batching besides what the queue coalesces.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { keyOf } from '#api/object.ts';
import { EndpointSlices, Nodes, Pods, Services } from '#api/refs.ts';
import { hasCause, isConflict } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { Overlay } from '#client/overlay.ts';
import { endpointsChanged, indexBySelector, selects, servicesOf } from '../endpoints/pods.ts';
import { TriggerTimes } from '../endpoints/triggertime.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { managedBy, managedByLabel, planEndpointSlices, serviceNameLabel } from './plan.ts';
import { writeSlices } from './write.ts';

const byService = 'service';
const byNode = 'node';

/** Indexes slices by the Service that they belong to. */
function serviceKeyOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[serviceNameLabel];
  return name === undefined ? undefined : `${metadata.namespace}/${name}`;
}

const isOurs = ({ metadata }: EndpointSlice): boolean => metadata.labels?.[managedByLabel] === managedBy;

/** Starts the controller. */
export function startEndpointSliceController(deps: ControllerDeps & { readonly maxEndpointsPerSlice?: number }): Component {
  const { client, informers, world } = deps;
  const services = informers.of(Services);
  const pods = informers.of(Pods);
  const nodes = informers.of(Nodes);
  const slices = informers.of(EndpointSlices);
  indexBySelector(services);
  pods.addIndex(byNode, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  slices.addIndex(byService, (slice) => [serviceKeyOf(slice) ?? ''].filter((key) => key !== ''));
  const recorder = createRecorder(client, world, { component: 'endpoint-slice-controller' });
  const times = new TriggerTimes();

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const service = services.lister.getByKey(key);
    if (service === undefined) {
      // Its slices have it as owner: the garbage collector takes them.
      times.forget(key);
      return;
    }
    if (service.spec.type === 'ExternalName' || service.spec.selector === undefined) return;
    const selected = pods.lister.list(service.metadata.namespace).filter((pod) => selects(service, pod.metadata.labels));
    const existing = overlay.merge(slices.lister.byIndex(byService, key), (slice) => serviceKeyOf(slice) === key).filter(isOurs);
    const plan = planEndpointSlices({
      service,
      pods: selected,
      existing,
      node: (name) => nodes.lister.get(name),
      triggerTime: times.next(key, service, selected),
      maxPerSlice: deps.maxEndpointsPerSlice ?? 100,
    });
    try {
      await writeSlices({ slices: client.resource(EndpointSlices), overlay, signal }, plan);
    } catch (error) {
      if (hasCause(error, 'NamespaceTerminating') || signal.aborted) return;
      if (!isConflict(error)) {
        const message = `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`;
        recorder.event(service, 'Warning', 'FailedToUpdateEndpointSlices', message);
      }
      throw error;
    }
  }

  const handle = startController({ name: 'endpointslice', world, synced: allSynced(services, pods, nodes, slices), reconcile });
  const overlay = new Overlay(slices, (slice) => {
    const key = serviceKeyOf(slice);
    if (key !== undefined && isOurs(slice)) handle.enqueue(key);
  });
  const lookService = (service: Service): void => handle.enqueue(keyOf(service));
  const lookPod = (pod: Pod): void => {
    for (const service of servicesOf(services, pod)) handle.enqueue(keyOf(service));
  };
  const lookNode = ({ metadata }: Node): void => {
    for (const pod of pods.lister.byIndex(byNode, metadata.name)) lookPod(pod);
  };
  const zoneOf = ({ metadata }: Node): string | undefined => metadata.labels?.['topology.kubernetes.io/zone'];
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
    nodes.onChange({
      added: lookNode,
      updated: (node, previous) => {
        if (zoneOf(node) !== zoneOf(previous)) lookNode(node);
      },
      deleted: lookNode,
    }),
    () => overlay.stop(),
    () => recorder[Symbol.asyncDispose](),
  );
}
