// SPDY clients: their frames go to the runtime and back as they are.
import type { AgentContext } from '../sync/context.ts';
import type { Socket } from '#base/net.ts';
import { HttpProblem } from './route.ts';
import { isClientPing, spdyFrames } from './spdyframes.ts';
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

/**
 * Carries frames both ways until both ends have finished. Pings of the client are answered here: one that reached the runtime
 * just after it had closed its end would be answered with a reset, and what the runtime had said last would be lost on the way.
 */
export async function passFrames(client: Socket, runtime: Socket): Promise<void> {
  let said = false;
  const toRuntime = async (): Promise<void> => {
    let open = true;
    for await (const frame of spdyFrames(client.readable)) {
      if (isClientPing(frame)) {
        if (!said) void client.write(frame);
      }
      // When the runtime listens no more, the rest is read and dropped: the client may still be reading.
      else if (open)
        open = await runtime.write(frame).then(
          () => true,
          () => false,
        );
    }
    runtime.end();
  };
  const toClient = async (): Promise<void> => {
    for await (const frame of spdyFrames(runtime.readable)) await client.write(frame);
    said = true;
    client.end();
  };
  await Promise.all([toRuntime(), toClient()].map((way) => way.catch(() => [client, runtime].forEach((socket) => socket.destroy()))));
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
  await passFrames(ask.socket, socket);
  socket.destroy();
  ask.socket.destroy();
}
