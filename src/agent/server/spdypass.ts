// SPDY clients: their bytes go to the runtime and back as they are.
import type { AgentContext } from '../sync/context.ts';
import type { Socket } from '#base/net.ts';
import { HttpProblem } from './route.ts';
import type { StreamRequest } from './streamrequest.ts';

/** What the runtime speaks, for streams and for port-forward. */
const streamProtocol = 'v4.channel.k8s.io';
const forwardProtocol = 'portforward.k8s.io';

/** Opens the runtime's end: an HTTP upgrade to SPDY. */
export async function dialSpdy(context: AgentContext, url: string, verb: string): Promise<{ socket: Socket; protocol: string }> {
  const protocol = verb === 'portForward' ? forwardProtocol : streamProtocol;
  const answer = await context.world.net.upgrade(url, {
    method: 'POST',
    headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol },
  });
  if ('refused' in answer) throw new HttpProblem(answer.refused.status, await answer.refused.text());
  return { socket: answer.socket, protocol };
}

/** Copies bytes until the source ends. */
export async function pump(from: Socket, to: Socket): Promise<void> {
  try {
    for await (const bytes of from.readable) await to.write(bytes);
    to.end();
  } catch {
    to.destroy();
  }
}

/** Joins the client with the runtime. */
export async function passSpdy(ask: StreamRequest, url: string): Promise<void> {
  const offered = (ask.request.headers['x-stream-protocol-version'] ?? '').split(',').map((text) => text.trim());
  const wanted = ask.verb === 'portForward' ? forwardProtocol : streamProtocol;
  if (!offered.includes(wanted))
    throw new HttpProblem(403, `unable to upgrade: no supported stream protocol among ${JSON.stringify(offered)}`);
  const { socket, protocol } = await dialSpdy(ask.context, url, ask.verb);
  const head = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`;
  await ask.socket.write(Buffer.from(head));
  await Promise.all([pump(ask.socket, socket), pump(socket, ask.socket)]);
  socket.destroy();
  ask.socket.destroy();
}
