// The image of pod sandboxes, made from the built-in program.
import type { GrpcChannel } from '#base/grpc.ts';
import type { World } from '#base/world.ts';
import type { Runtime } from '../../runtime.ts';
import { buildImage } from '../build.ts';
import { importImage } from '../import.ts';
import { pauseBinaries } from './binary.ts';

/** Name of the sandbox image in the runtime. */
export const pauseImage = 'tutti.local/pause:1';

/** Imports the sandbox image unless the runtime has it. */
export async function ensurePauseImage(world: World, channel: GrpcChannel, runtime: Runtime): Promise<void> {
  if (await runtime.imageStatus(pauseImage)) return;
  const machine = (await world.exec.run('uname', ['-m'], { timeout: 10_000 })).stdout.trim();
  const binary = pauseBinaries[machine];
  if (binary === undefined) throw new Error(`there is no sandbox program for machines of type ${machine}`);
  const image = await buildImage(world, {
    names: [pauseImage],
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
    layers: [[{ path: 'pause', mode: 0o555, content: Buffer.from(binary, 'base64') }]],
  });
  await importImage(world, channel, image);
}
