// The streaming endpoints for servers in tests that never reach an agent.
import type { PlugFactory } from '#apiserver/endpoint.ts';
import { streamingPlug } from '#apiserver/streaming/plug.ts';
import type { World } from '#base/world.ts';

/** The plugs; nobody knows their authority. */
export async function plugs(world: World): Promise<readonly PlugFactory[]> {
  const ca = await world.pki.createCa('nobody');
  return [streamingPlug({ client: ca, ca: ca.cert })];
}
