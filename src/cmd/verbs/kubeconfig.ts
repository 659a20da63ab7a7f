// `tutti kubeconfig`.
import type { World } from '#base/world.ts';
import { place } from '../place.ts';

/** Prints the kubeconfig's path, or the file. */
export async function kubeconfigVerb(world: World, flags: { readonly dataDir: string; readonly print?: boolean }): Promise<void> {
  const { kubeconfig } = place(flags.dataDir);
  if (!(await world.fs.stat(kubeconfig))) throw new Error(`no cluster was started in ${flags.dataDir}: run \`tutti up\` first`);
  console.log(flags.print ? (await world.fs.readText(kubeconfig)).trimEnd() : kubeconfig);
}
