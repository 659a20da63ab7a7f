// `/tutti/endpoints/…`: the acknowledgement of endpoints over HTTP.
//   GET applied?version=V   a data plane has applied V; held open until somebody waits for a newer version
//   GET awaited?version=V   answered when every live data plane has applied V
import { isConditionTrue } from '#api/podutil.ts';
import { Nodes } from '#api/refs.ts';
import { badRequest, forbidden } from '#api/status.ts';
import { linkSignals } from '#base/signal.ts';
import type { Context } from '../chain.ts';
import { objectAnswer, type PlugFactory } from '../endpoint.ts';
import { AcknowledgeHub } from './hub.ts';

/** A request is held open for so long at most, in milliseconds; then its sender asks again. */
const longestPark = 50_000;
const nodePrefix = 'system:node:';

const planeName = (user: string, plane: string): string => `${user} ${plane}`;

function versionOf(ctx: Context): { version: bigint; plane: string } {
  const query = new URLSearchParams(ctx.call.query);
  const text = query.get('version') ?? '';
  if (!/^\d{1,19}$/.test(text)) throw badRequest(`invalid version ${JSON.stringify(text)}`);
  return { version: BigInt(text), plane: query.get('plane') ?? 'proxy' };
}

/** The plug. */
export function acknowledgePlug(): PlugFactory {
  return ({ world, list }) => {
    const hub = new AcknowledgeHub(world.clock, () =>
      list(Nodes)
        .filter(({ status }) => isConditionTrue(status.conditions, 'Ready'))
        .map(({ metadata }) => planeName(`${nodePrefix}${metadata.name}`, 'proxy')),
    );
    const within = async <T>(ctx: Context, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
      using link = linkSignals(ctx.call.signal);
      const timer = world.clock.after(longestPark, () => link.abort(new Error('held open long enough')));
      try {
        return await work(link.signal);
      } finally {
        timer.cancel();
      }
    };
    return {
      paths: [
        {
          path: '/tutti/endpoints/applied',
          longRunning: true,
          async handle(ctx) {
            const { version, plane } = versionOf(ctx);
            const { name } = ctx.user;
            if (!name.startsWith(nodePrefix)) throw forbidden(undefined, '', 'only nodes have data planes');
            const wanted = await within(ctx, (signal) => hub.report(planeName(name, plane), version, signal));
            return objectAnswer(wanted === undefined ? {} : { wanted: String(wanted) });
          },
        },
        {
          path: '/tutti/endpoints/awaited',
          longRunning: true,
          async handle(ctx) {
            const { version } = versionOf(ctx);
            const all = await within(ctx, (signal) => hub.wait(version, signal)).then(
              () => true,
              () => false,
            );
            return objectAnswer({ applied: all });
          },
        },
      ],
    };
  };
}
