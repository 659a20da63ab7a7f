// ServiceAccount: every pod runs as an account, with its token mounted and its pull secrets.
import { forbidden, StatusError } from '#api/status.ts';
import { nameSuffix } from '#base/random.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ServiceAccount } from '#api/core/v1/serviceaccount.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import type { KubeObject } from '#api/object.ts';
import { type AdmissionAttributes, type AdmissionPlugin, shownName } from './plugin.ts';

const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
const mirror = 'kubernetes.io/config.mirror';

// The account of a namespace is made by a controller right after the namespace: a pod may come a moment earlier.
const waits = [0, 50, 100, 200, 400, 800];

async function accountOf({ registry }: AdmissionAttributes, namespace: string, name: string): Promise<ServiceAccount | undefined> {
  const accounts = registry.must('', 'v1', 'serviceaccounts');
  const key = accounts.key(namespace, name);
  for (const wait of waits) {
    if (wait > 0) await registry.world.clock.sleep(wait);
    const found = accounts.table.get(key);
    if (found) return found.object as ServiceAccount;
    await registry.hub.caughtUp();
    const again = accounts.table.get(key);
    if (again) return again.object as ServiceAccount;
    if (name !== 'default') return undefined;
  }
  return undefined;
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  };
}

const mounted = (container: Container): boolean => container.volumeMounts?.some((mount) => mount.mountPath === tokenPath) === true;

/** The pod with the account's token mounted where it is missing. */
export function withToken(pod: Pod, volumeName: string): Pod {
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  if (all.every(mounted)) return pod;
  const mount = (container: Container): Container =>
    mounted(container)
      ? container
      : { ...container, volumeMounts: [...(container.volumeMounts ?? []), { name: volumeName, readOnly: true, mountPath: tokenPath }] };
  return {
    ...pod,
    spec: {
      ...pod.spec,
      volumes: pod.spec.volumes?.some((volume) => volume.name === volumeName)
        ? pod.spec.volumes
        : [...(pod.spec.volumes ?? []), tokenVolume(volumeName)],
      containers: pod.spec.containers.map(mount),
      ...(pod.spec.initContainers ? { initContainers: pod.spec.initContainers.map(mount) } : {}),
    },
  };
}

export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  handles: (row, operation, subresource) => row.group === '' && row.resource === 'pods' && operation === 'CREATE' && subresource === '',

  async admit(attributes, round) {
    const pod = attributes.object as Pod;
    const refuse = (message: string): StatusError => forbidden({ group: '', resource: 'pods' }, shownName(pod), message);
    if (pod.metadata.annotations?.[mirror] !== undefined) {
      if (pod.spec.serviceAccountName) throw refuse('a mirror pod may not reference service accounts');
      return undefined;
    }
    const name = pod.spec.serviceAccountName || 'default';
    const account = await accountOf(attributes, attributes.namespace, name);
    if (!account) {
      throw refuse(`error looking up service account ${attributes.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`);
    }
    const automount = pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
    const pull = pod.spec.imagePullSecrets?.length ? pod.spec.imagePullSecrets : account.imagePullSecrets;
    const named: Pod = {
      ...pod,
      spec: { ...pod.spec, serviceAccountName: name, serviceAccount: name, ...(pull?.length ? { imagePullSecrets: pull } : {}) },
    };
    const existing = new Set(pod.spec.volumes?.map((volume) => volume.name));
    // Seen again after webhooks have added containers: one volume is enough for all.
    let volume = [...existing].find((candidate) => candidate.startsWith(volumePrefix)) ?? '';
    while (volume === '' || (!round.again && existing.has(volume))) volume = volumePrefix + nameSuffix(attributes.registry.world.random);
    return (automount ? withToken(named, volume) : named) as KubeObject;
  },
};
