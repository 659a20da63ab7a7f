// Makes the ResourceClaims that pods ask for by template, and takes back what finished pods had reserved.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, keyOf, splitKey } from '#api/object.ts';
import { isPodTerminal } from '#api/podutil.ts';
import { Pods, ResourceClaims, ResourceClaimTemplates } from '#api/refs.ts';
import type { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import { isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { Overlay } from '#client/overlay.ts';
import { byController, controllerKeys } from '../replicas/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { claimFromTemplate, planClaim, planPod, withoutProtection } from './plan.ts';

/** Starts the controller. */
export function startResourceClaimController({ client, informers, world }: ControllerDeps): Component {
  const pods = informers.of(Pods);
  const claims = informers.of(ResourceClaims);
  const templates = informers.of(ResourceClaimTemplates);
  claims.addIndex(byController, controllerKeys);
  const claimClient = client.resource(ResourceClaims);
  const recorder = createRecorder(client, world, { component: 'resource_claim' });
  /** A claim that was made and is not in the cache yet must not be made again: its name is generated. */
  const newest = new Overlay(claims);

  function ownedBy(pod: Pod): readonly ResourceClaim[] {
    const uid = pod.metadata.uid ?? '';
    return newest.merge(claims.lister.byIndex(byController, uid), (claim) => controllerOf(claim)?.uid === uid);
  }

  async function syncPod(key: string): Promise<void> {
    const pod = pods.lister.getByKey(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return;
    const { name, namespace = '', uid } = pod.metadata;
    for (const entry of planPod(pod, ownedBy(pod)).missing) {
      const templateName = entry.resourceClaimTemplateName ?? '';
      try {
        const template = templates.lister.get(templateName, namespace);
        if (template === undefined) throw new Error(`resourceclaimtemplate.resource.k8s.io "${templateName}" not found`);
        newest.wrote(await claimClient.create(claimFromTemplate(pod, entry, template), { namespace }));
      } catch (error) {
        const message = `PodResourceClaim ${entry.name}: resource claim template "${templateName}": ${messageOf(error)}`;
        recorder.event(pod, 'Warning', 'FailedResourceClaimCreation', message);
        throw error;
      }
    }
    const { statuses } = planPod(pod, ownedBy(pod));
    if (statuses === undefined) return;
    const body = { metadata: { uid }, status: { resourceClaimStatuses: statuses } };
    await client.resource(Pods).patch(name, body, { type: 'strategic', subresource: 'status', namespace });
  }

  async function syncClaim(key: string): Promise<void> {
    const claim = newest.get(key);
    if (claim === undefined) return;
    const { namespace = '', name, uid = '' } = claim.metadata;
    const step = planClaim(claim, (podName) => pods.lister.get(podName, namespace));
    if (step.type === 'status') {
      const next = await claimClient.updateStatus(step.claim);
      newest.wrote(step.unprotect ? await claimClient.update(withoutProtection(next)) : next);
    } else if (step.type === 'unprotect') newest.wrote(await claimClient.update(step.claim));
    else if (step.type === 'delete') {
      await claimClient.delete(name, { namespace, options: { preconditions: { uid } } }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }

  const handle = startController({
    name: 'resourceclaim',
    world,
    synced: allSynced(pods, claims, templates),
    reconcile: (key) => (key.startsWith('p/') ? syncPod(key.slice(2)) : syncClaim(key.slice(2))),
  });
  const lookPod = (pod: Pod): void => {
    if (pod.spec.resourceClaims?.some(({ resourceClaimTemplateName }) => resourceClaimTemplateName !== undefined))
      handle.enqueue(`p/${keyOf(pod)}`);
  };
  /** The claims that a pod uses, by name or made for it. */
  const lookClaims = (pod: Pod): void => {
    if (pod.spec.resourceClaims === undefined) return;
    const { namespace } = pod.metadata;
    for (const { resourceClaimName } of pod.spec.resourceClaims)
      if (resourceClaimName) handle.enqueue(`c/${namespace}/${resourceClaimName}`);
    for (const { resourceClaimName } of pod.status.resourceClaimStatuses ?? [])
      if (resourceClaimName) handle.enqueue(`c/${namespace}/${resourceClaimName}`);
  };
  const lookClaim = (claim: ResourceClaim): void => handle.enqueue(`c/${keyOf(claim)}`);
  return withCleanup(
    handle,
    pods.onChange({
      added: lookPod,
      updated: (pod, previous) => {
        if (pod.spec.resourceClaims === undefined) return;
        if (isPodTerminal(pod) !== isPodTerminal(previous) || pod.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp)
          lookClaims(pod);
        else if (pod.status.resourceClaimStatuses !== previous.status.resourceClaimStatuses) lookPod(pod);
      },
      deleted: lookClaims,
    }),
    claims.onChange({ added: lookClaim, updated: lookClaim }),
    templates.onChange({
      added: (template) => {
        for (const pod of pods.lister.list(template.metadata.namespace)) {
          const wanted = pod.spec.resourceClaims?.some(({ resourceClaimTemplateName: name }) => name === splitKey(keyOf(template)).name);
          if (wanted) lookPod(pod);
        }
      },
    }),
    () => newest.stop(),
    () => recorder[Symbol.asyncDispose](),
  );
}
