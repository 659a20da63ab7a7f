// `tutti token create`: a bootstrap token, with which a node may ask for its certificate.
import type { World } from '#base/world.ts';
import { ConfigMaps, EndpointsRes, Secrets } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { clusterInfoName, clusterInfoNamespace } from '#client/clusterinfo.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { UsageError } from '../usage.ts';
import { place } from '../place.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

function text(world: Pick<World, 'random'>, length: number): string {
  let result = '';
  // Bytes above the last whole multiple of the alphabet would favour its first letters.
  while (result.length < length)
    for (const byte of world.random.bytes(length)) if (byte < 252 && result.length < length) result += alphabet[byte % 36];
  return result;
}

export interface TokenFlags {
  readonly dataDir: string;
  readonly ttl: string;
  readonly printJoinCommand?: boolean;
}

/** The server's address as other machines know it: the first endpoint of the `kubernetes` Service, if they may join at all. */
async function publicServer(client: Client): Promise<string> {
  const invitations = await client.resource(ConfigMaps).list({ namespace: clusterInfoNamespace });
  const invited = invitations.items.some(({ metadata }) => metadata.name === clusterInfoName);
  const { subsets } = await client.resource(EndpointsRes).get('kubernetes', { namespace: 'default' });
  const [address, port] = [subsets?.[0]?.addresses?.[0]?.ip, subsets?.[0]?.ports?.[0]?.port];
  if (!invited || address === undefined)
    throw new UsageError('this server listens for no other machines: start it with `tutti server` or with a node');
  return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Makes a token Secret in kube-system and prints the token. */
export async function tokenVerb(world: World, flags: TokenFlags): Promise<void> {
  const hours = Number(flags.ttl);
  if (!(hours >= 0)) throw new UsageError(`--ttl must be a number of hours, not "${flags.ttl}"`);
  const access = await loadKubeconfig(world.fs, place(flags.dataDir).kubeconfig);
  const transport = httpTransport(world.net, { server: access.server, tls: access.tls });
  const [id, secret] = [text(world, 6), text(world, 16)];
  const expiration =
    hours === 0 ? {} : { expiration: new Date(world.clock.now() + hours * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z') };
  const values = {
    'token-id': id,
    'token-secret': secret,
    ...expiration,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
  };
  try {
    const client = createClient(transport);
    await client.resource(Secrets).create({
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: values,
    });
    console.log(flags.printJoinCommand ? `tutti agent --server ${await publicServer(client)} --token ${id}.${secret}` : `${id}.${secret}`);
  } finally {
    await transport.close?.();
  }
}
