// One attempt of a probe, with kubelet's words for what went wrong.
import { goQuote } from '#format/goquote.ts';
import { codeOf, messageOf } from '#base/errors.ts';
import type { GrpcError } from '#base/grpc.ts';
import type { World } from '#base/world.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Probe } from '#api/core/v1/probe.ts';
import { type Runtime, RuntimeError } from '../runtime.ts';
import { grpcRequest, servingStatus } from './grpchealth.ts';
import { hostPort, httpTarget, portNumber } from './target.ts';

export type Outcome = { readonly result: 'success' | 'failure' | 'warning' | 'error'; readonly output: string };

export interface ProbeTarget {
  readonly containerId: string;
  readonly container: Container;
  readonly ip: string;
}

const maxOutput = 10 * 1024;
const maxRedirects = 10;

const success = (output = ''): Outcome => ({ result: 'success', output });
const failure = (output: string): Outcome => ({ result: 'failure', output });

/** A dial error as Go words it. */
export function dialText(error: unknown, address: string): string {
  const texts: Record<string, string> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
  };
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown } | undefined)?.cause);
  if (code === 'ECONNRESET') return `read tcp ${address}: read: connection reset by peer`;
  if (code && texts[code]) return `dial tcp ${address}: ${texts[code]}`;
  return messageOf(error);
}

const isTimeout = (error: unknown): boolean =>
  /time(d)?[ -]?out|deadline|abort/i.test(messageOf(error)) || codeOf(error) === 'ETIMEDOUT' || codeOf(error) === 'ABORT_ERR';

async function exec(runtime: Runtime, probe: Probe, target: ProbeTarget, seconds: number): Promise<Outcome> {
  const command = probe.exec?.command ?? [];
  try {
    const result = await runtime.execSync(target.containerId, command, seconds);
    const output = Buffer.concat([result.stdout, result.stderr]).subarray(0, maxOutput).toString('utf8');
    return result.exitCode === 0 ? success(output) : failure(output);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'deadlineExceeded') {
      return failure(`command timed out: ${goQuote(command.join(' '))} timed out after ${seconds}s`);
    }
    return { result: 'error', output: messageOf(error) };
  }
}

async function readSome(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxOutput) break;
  }
  return Buffer.concat(chunks).subarray(0, maxOutput).toString('utf8');
}

async function http(world: World, probe: Probe, target: ProbeTarget, ms: number): Promise<Outcome> {
  const action = probe.httpGet as NonNullable<Probe['httpGet']>;
  const { url, headers } = httpTarget(action, { ip: target.ip, port: portNumber(action.port, target.container) });
  const timeout = new AbortController();
  const timer = world.clock.after(ms, () => timeout.abort(new Error('timeout')));
  let at = url;
  try {
    for (let hops = 0; ; hops++) {
      const answer = await world.net.fetch(at, {
        headers: { 'user-agent': 'kube-probe/1.35', accept: '*/*', connection: 'close', ...headers },
        tls: { insecure: true },
        signal: timeout.signal,
      });
      const body = await readSome(answer.body);
      const { location } = answer.headers;
      if (answer.status >= 300 && answer.status < 400 && location) {
        const next = new URL(location, at);
        // Elsewhere is not the probed container: that it answered is all that is known.
        if (next.hostname !== new URL(at).hostname)
          return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
        if (hops >= maxRedirects) return failure(`Get ${goQuote(next.href)}: stopped after 10 redirects`);
        at = next.href;
        continue;
      }
      if (answer.status >= 200 && answer.status < 400) return success(body);
      return failure(`HTTP probe failed with statuscode: ${answer.status}`);
    }
  } catch (error) {
    const address = new URL(at).host;
    const text =
      timeout.signal.aborted || isTimeout(error)
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialText(error, address);
    return failure(`Get ${goQuote(at)}: ${text}`);
  } finally {
    timer.cancel();
  }
}

async function tcp(world: World, probe: Probe, target: ProbeTarget, ms: number): Promise<Outcome> {
  const action = probe.tcpSocket as NonNullable<Probe['tcpSocket']>;
  const port = portNumber(action.port, target.container);
  const host = action.host || target.ip;
  try {
    (await world.net.connect({ host, port }, ms)).destroy();
    return success();
  } catch (error) {
    const address = hostPort(host, port);
    return failure(isTimeout(error) ? `dial tcp ${address}: i/o timeout` : dialText(error, address));
  }
}

async function grpc(world: World, probe: Probe, target: ProbeTarget, ms: number): Promise<Outcome> {
  const action = probe.grpc as NonNullable<Probe['grpc']>;
  const address = hostPort(target.ip, action.port);
  const channel = world.grpc.connect(address);
  try {
    const answer = await channel.unary('/grpc.health.v1.Health/Check', grpcRequest(action.service ?? ''), { timeoutMs: ms });
    const status = servingStatus(answer);
    return status === 'SERVING' ? success() : failure(`service unhealthy (responded with "${status}")`);
  } catch (error) {
    const { code } = error as GrpcError;
    if (code === 12)
      return failure(`error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${messageOf(error)}`);
    if (code === 4) return failure(`timeout: health rpc did not complete within ${ms / 1000}s`);
    if (code === 14) {
      // The library's text has the system's error code in it; Go has words for that.
      const code = /\bE[A-Z]{4,}\b/.exec(messageOf(error))?.[0];
      const cause = Object.assign(new Error(messageOf(error)), { code });
      return failure(`error: failed to connect service at "${address}": ${dialText(cause, address)}`);
    }
    return failure(`error: health rpc probe failed: ${messageOf(error)}`);
  } finally {
    channel.close();
  }
}

/** Tries a probe once. Never rejects. */
export async function tryProbe(deps: { world: World; runtime: Runtime }, probe: Probe, target: ProbeTarget): Promise<Outcome> {
  const seconds = Math.max(1, probe.timeoutSeconds ?? 1);
  try {
    if (probe.exec) return await exec(deps.runtime, probe, target, seconds);
    if (probe.httpGet) return await http(deps.world, probe, target, seconds * 1000);
    if (probe.tcpSocket) return await tcp(deps.world, probe, target, seconds * 1000);
    if (probe.grpc) return await grpc(deps.world, probe, target, seconds * 1000);
    return { result: 'error', output: 'missing probe handler' };
  } catch (error) {
    return { result: 'error', output: messageOf(error) };
  }
}
