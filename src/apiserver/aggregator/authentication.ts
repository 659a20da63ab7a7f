// What an aggregated server must know to believe us: the ConfigMap kube-system/extension-apiserver-authentication.
import { ConfigMaps } from '#api/refs.ts';
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import { deepEqual } from '#api/walk/equal.ts';
import type { Client } from '#client/client.ts';
import type { RequestHeaders } from '../authn/requestheader.ts';

export interface Authorities {
  /** PEM: signs clients' certificates. */
  readonly clientCa: string;
  /** Who may say for whom he asks. */
  readonly requestHeaders: RequestHeaders;
}

/** The ConfigMap's data. */
export function authenticationData({ clientCa, requestHeaders }: Authorities): Readonly<Record<string, string>> {
  const { ca, names, user, uid, group, extra } = requestHeaders;
  return {
    'client-ca-file': clientCa,
    'requestheader-allowed-names': JSON.stringify(names),
    'requestheader-client-ca-file': ca,
    'requestheader-extra-headers-prefix': JSON.stringify(extra),
    'requestheader-group-headers': JSON.stringify(group),
    'requestheader-uid-headers': JSON.stringify(uid),
    'requestheader-username-headers': JSON.stringify(user),
  };
}

/** Writes it when it is absent or differs. */
export async function publishAuthentication(client: Client, authorities: Authorities): Promise<void> {
  const maps = client.resource(ConfigMaps);
  const metadata = { name: 'extension-apiserver-authentication', namespace: 'kube-system' };
  const data = authenticationData(authorities);
  try {
    const present = await maps.get(metadata.name, metadata);
    if (deepEqual(present.data, data)) return;
    await maps.update({ ...present, data });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await maps.create({ metadata, data }).catch((refused: unknown) => {
      if (!isAlreadyExists(refused)) throw refused;
    });
  }
}
