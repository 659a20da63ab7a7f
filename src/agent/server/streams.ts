// exec, attach and port-forward: every one ends in SPDY toward the runtime's streaming server.
import { messageOf } from '#base/errors.ts';
import type { Socket } from '#base/net.ts';
import { latest } from '../sync/state.ts';
import { HttpProblem } from './route.ts';
import { passSpdy } from './spdypass.ts';
import { streamOptions, type StreamRequest } from './streamrequest.ts';
import { serveWebSocket } from './wsstream.ts';

/** A single-use URL of the runtime for what is asked. */
async function streamUrl(ask: StreamRequest): Promise<string> {
  const { context, worker, verb, query } = ask;
  const { runtime } = context;
  if (verb === 'portForward') {
    const sandbox = worker.state.sandboxes[0];
    if (!sandbox?.ready)
      throw new HttpProblem(
        500,
        `unable to do port forwarding: pod is not running. Current status=${worker.pod?.status?.phase ?? 'Pending'}`,
      );
    const ports = query
      .getAll('port')
      .flatMap((text) => text.split(','))
      .filter(Boolean)
      .map(Number);
    return runtime.portForwardUrl(sandbox.id, ports);
  }
  const instance = latest(worker.state, ask.container);
  if (!instance) throw new HttpProblem(404, `container not found ("${ask.container}")`);
  const options = streamOptions(query);
  if (verb === 'attach') return runtime.attachUrl({ containerId: instance.id, ...options });
  return runtime.execUrl({ containerId: instance.id, command: query.getAll('command'), ...options });
}

/** Serves an upgraded connection to its end. */
export async function upgradeStream(ask: StreamRequest): Promise<void> {
  const kind = (ask.request.headers['upgrade'] ?? '').toLowerCase();
  if (kind !== 'spdy/3.1' && kind !== 'websocket') throw new HttpProblem(400, `unsupported upgrade: ${kind}`);
  let url: string;
  try {
    url = await streamUrl(ask);
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem(500, messageOf(error));
  }
  if (kind === 'spdy/3.1') await passSpdy(ask, url);
  else await serveWebSocket(ask, url);
}

/** Answers an upgrade request with an error. */
export async function refuseUpgrade(socket: Socket, code: number, text: string): Promise<void> {
  const body = Buffer.from(text, 'utf8');
  const head = `HTTP/1.1 ${code} Error\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  try {
    await socket.write(Buffer.concat([Buffer.from(head), body]));
    socket.end();
  } catch {
    socket.destroy();
  }
}
