// The storage class of volumes that are made of nodes' directories: there from the start, and the default unless another is.
import type { StorageClass } from '#api/storage/v1/storageclass.ts';
import type { Draft } from '#api/object.ts';
import { StorageClasses } from '#api/refs.ts';
import { isAlreadyExists } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { provisioner } from '#controllers/localpath/plan.ts';

const isDefault = 'storageclass.kubernetes.io/is-default-class';

/** Makes sure that the class `local-path` is there. One that is there is left as its owner has changed it. */
export async function ensureLocalClass(client: Client): Promise<void> {
  const classes = client.resource(StorageClasses);
  const { items } = await classes.list();
  if (items.some(({ metadata }) => metadata.name === 'local-path')) return;
  const other = items.some(({ metadata }) => metadata.annotations?.[isDefault] === 'true');
  const draft: Draft<StorageClass> = {
    metadata: { name: 'local-path', annotations: { [isDefault]: String(!other) } },
    provisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  };
  await classes.create(draft).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}
