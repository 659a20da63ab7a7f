// The kernel's side: nft and conntrack as programs. Small scripts go to a session that is kept open.
import type { World } from '#base/world.ts';
import type { Family } from './front.ts';
import { createNftSession, isShort } from './nftsession.ts';

export interface Nft extends AsyncDisposable {
  /** Applies a script in one transaction; rejects with nft's words. */
  apply(text: string): Promise<void>;
  /** A map's elements as nft's JSON. */
  listMap(family: Family, table: string, map: string): Promise<string>;
  /** Forgets UDP flows from a front to a backend that is gone; no error when there are none. */
  forgetUdp(family: Family, frontAddress: string, frontPort: number, backend: string): Promise<void>;
  removeTable(family: Family | 'inet', table: string): Promise<void>;
}

/** nft, shared by all who have rules of this network namespace; each user waits for one before the next. */
export function createNft(world: Pick<World, 'exec' | 'clock'>): Nft {
  const session = createNftSession(world);
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const result = await world.exec.run('nft', args, { timeout: 30_000, ...(input === undefined ? {} : { input }) });
    if (result.code !== 0) throw new Error(`nft: ${result.stderr.trim().slice(0, 2_000) || `exit code ${result.code}`}`);
    return result.stdout;
  };
  return {
    apply: async (text) => (isShort(text) ? session.apply(text) : void (await run(['-f', '-'], text))),
    listMap: (family, table, map) => run(['-j', 'list', 'map', family, table, map]),
    forgetUdp: async (family, frontAddress, frontPort, backend) => {
      const at = frontAddress === '' ? [] : ['--orig-dst', frontAddress];
      const args = [
        '-D',
        '-f',
        family === 'ip' ? 'ipv4' : 'ipv6',
        '-p',
        'udp',
        ...at,
        '--orig-port-dst',
        String(frontPort),
        '--dst-nat',
        backend,
      ];
      await world.exec.run('conntrack', args, { timeout: 10_000 }).catch(() => undefined);
    },
    removeTable: async (family, table) => void (await run(['-f', '-'], `add table ${family} ${table}\ndelete table ${family} ${table}\n`)),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}
