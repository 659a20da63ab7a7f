// One question to an extender: JSON is posted, JSON comes back, in time and of a bounded size.
import { boundedBody } from '#base/boundedbody.ts';
import { codeOf } from '#base/errors.ts';
import type { TlsClientOptions } from '#base/net.ts';
import { networkWords } from '#base/networkwords.ts';
import { withTimeout } from '#base/signal.ts';
import type { World } from '#base/world.ts';
import { parseJson } from '#format/json.ts';

export interface Destination {
  readonly urlPrefix: string;
  readonly tls: TlsClientOptions;
  /** Milliseconds for the whole call. */
  readonly timeout: number;
}

export interface Question {
  /** Appended to the prefix. */
  readonly verb: string;
  readonly body: unknown;
  /** Asking twice does no harm: tried again when the kept connection turns out to be closed. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal;
}

/** Answers may repeat what was asked, and say something about it. */
const smallLimit = 8 * 1024 * 1024;
const closed = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

/** Asks. Throws with the words of kube-scheduler. */
export async function post(world: Pick<World, 'net' | 'clock'>, to: Destination, question: Question): Promise<unknown> {
  const { verb, repeatable } = question;
  const url = `${to.urlPrefix.replace(/\/+$/, '')}/${verb}`;
  const body = Buffer.from(JSON.stringify(question.body));
  using limit = withTimeout(world.clock, to.timeout, question.signal);
  const attempt = async (): Promise<unknown> => {
    const response = await world.net.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'kube-scheduler' },
      body,
      tls: to.tls,
      signal: limit.signal,
    });
    const answer = await boundedBody(response.body, smallLimit + 2 * body.length);
    if (response.status !== 200) throw new Refused(`failed ${verb} with extender at URL ${url}, code ${response.status}`);
    try {
      return parseJson(answer);
    } catch (error) {
      throw new Refused(`failed ${verb} with extender at URL ${url}: ${String(error)}`);
    }
  };
  try {
    try {
      return await attempt();
    } catch (error) {
      if (!repeatable || !closed.includes(codeOf(error) ?? '') || limit.signal.aborted) throw error;
      return await attempt();
    }
  } catch (error) {
    if (error instanceof Refused) throw error;
    const { hostname, port, protocol } = new URL(url);
    const address = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
    const why = question.signal.aborted
      ? 'context canceled'
      : limit.signal.aborted
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : networkWords(error, address, to.tls.serverName ?? hostname);
    throw new Error(`Post "${url}": ${why}`, { cause: error });
  }
}

/** The extender answered, but not well. */
class Refused extends Error {}
