// Writing a workload's history.
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { JsonObject, KubeObject } from '#api/object.ts';
import { ControllerRevisions, type ResourceRef } from '#api/refs.ts';
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { controllerRef } from '#client/ownership.ts';
import { semanticEqual } from '../equal.ts';
import { planRevision, revisionHash, revisionName } from './revisions.ts';

export interface RevisionOptions {
  readonly client: Client;
  readonly owner: KubeObject;
  readonly ref: ResourceRef;
  /** The label that carries the hash. */
  readonly hashLabel: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** The revisions that the owner controls. */
  readonly revisions: readonly ControllerRevision[];
  readonly data: JsonObject;
  readonly collisionCount: number;
}

/** Makes the wanted data the owner's newest revision. The collision count grows when a name was taken by other data. */
export async function ensureRevision(options: RevisionOptions): Promise<{ revision: ControllerRevision; collisionCount: number }> {
  const { client, owner, data } = options;
  const revisions = client.resource(ControllerRevisions);
  const { name: ownerName, namespace = '', annotations } = owner.metadata;
  const step = planRevision(options.revisions, data);
  let { collisionCount } = options;
  if (step.type === 'keep') return { revision: step.revision, collisionCount };
  if (step.type === 'renumber') return { revision: await revisions.update({ ...step.revision, revision: step.number }), collisionCount };
  for (;;) {
    const hash = revisionHash(data, collisionCount);
    const name = revisionName(ownerName, hash);
    try {
      const revision = await revisions.create(
        {
          metadata: {
            name,
            namespace,
            labels: { ...options.labels, [options.hashLabel]: hash },
            ...(annotations ? { annotations } : {}),
            ownerReferences: [controllerRef(owner, options.ref)],
          },
          data,
          revision: step.number,
        },
        { namespace },
      );
      return { revision, collisionCount };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const taken = await revisions.get(name, { namespace });
      // Our own, which the cache does not show yet.
      if (semanticEqual(taken.data, data)) return { revision: taken, collisionCount };
      collisionCount++;
    }
  }
}

/** Deletes revisions that are no longer needed. */
export async function dropRevisions(client: Client, obsolete: readonly ControllerRevision[]): Promise<void> {
  for (const { metadata } of obsolete) {
    const { name, namespace = '', uid = '' } = metadata;
    await client
      .resource(ControllerRevisions)
      .delete(name, { namespace, options: { preconditions: { uid } } })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }
}
