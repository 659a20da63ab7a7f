// What an aggregated server must know to believe us: the ConfigMap kube-system/extension-apiserver-authentication.
import { ConfigMaps } from '#api/refs.ts';
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import { deepEqual } from '#api/walk/equal.ts';
import type { Client } from '#client/client.ts';

export interface Authorities {
  /** PEM: signs clients' certificates. */
  readonly clientCa: string;
  /** PEM: signs the front proxy's certificate. */
  readonly requestHeaderCa: string;
}

/** The ConfigMap's data. */
export function authenticationData({ clientCa, requestHeaderCa }: Authorities): Readonly<Record<string, string>> {
  return {
    'client-ca-file': clientCa,
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-client-ca-file': requestHeaderCa,
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-username-headers': '["X-Remote-User"]',
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
