// `tutti status`.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { isConditionTrue } from '#api/podutil.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { place, runningAt } from '../place.ts';

/** Prints the cluster's state; exit code 1 when it does not run or is not ready. */
export async function statusVerb(world: World, flags: { readonly dataDir: string }): Promise<void> {
  const where = place(flags.dataDir);
  const run = await runningAt(world, where);
  if (run === undefined) {
    console.log(`no cluster runs in ${flags.dataDir}`);
    process.exitCode = 1;
    return;
  }
  const access = await loadKubeconfig(world.fs, where.kubeconfig);
  const transport = httpTransport(world.net, { server: access.server, tls: access.tls });
  const client = createClient(transport);
  console.log(`process:    ${run.pid}`);
  console.log(`server:     ${run.server}`);
  console.log(`kubeconfig: ${where.kubeconfig}`);
  try {
    const [nodes, pods] = await Promise.all([client.resource(Nodes).list(), client.resource(Pods).list()]);
    const ready = nodes.items.filter((node) => isConditionTrue(node.status.conditions, 'Ready')).length;
    const running = pods.items.filter((pod) => pod.status.phase === 'Running').length;
    console.log(`nodes:      ${ready}/${nodes.items.length} ready`);
    console.log(`pods:       ${running}/${pods.items.length} running`);
    if (ready < nodes.items.length) process.exitCode = 1;
  } catch (error) {
    console.log(`API:        ${messageOf(error)}`);
    process.exitCode = 1;
  } finally {
    await transport.close?.();
  }
}
