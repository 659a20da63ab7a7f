// Commands in containers, and other streams of pods, over WebSocket as Kubernetes' own clients open them.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import type { ServerAccess } from '#client/kubeconfig.ts';

export interface Streamed {
  /** What came, by channel; everything is in channel 1 where the protocol has no channels. */
  readonly channels: ReadonlyMap<number, Buffer>;
  /** How the server closed the connection; 1006 when it just hung up. */
  readonly code: number;
}

export interface StreamOptions {
  readonly protocol: string;
  /** Milliseconds until an open stream is a failure. */
  readonly limit?: number;
}

/** Opens a stream and gathers all that it says until the server closes it; fails when it is refused or stays open. */
export async function stream(access: ServerAccess, path: string, { protocol, limit = 180_000 }: StreamOptions): Promise<Streamed> {
  const { ca = '', cert = '', key = '' } = access.tls;
  const socket = new WebSocket(`${access.server.replace('https', 'wss')}${path}`, protocol, { ca, cert, key });
  const channels = new Map<number, Buffer>();
  const timer = setTimeout(() => socket.terminate(), limit);
  try {
    return await new Promise((resolve, reject) => {
      let refused = '';
      socket.on('unexpected-response', (_request, response) => {
        response.on('data', (data: Buffer) => (refused += data.toString()));
        response.on('end', () => reject(new Error(`${path}: ${response.statusCode} ${refused}`)));
      });
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        const [number, part] = protocol.includes('channel') ? [data[0] ?? 0, data.subarray(1)] : [1, data];
        channels.set(number, Buffer.concat([channels.get(number) ?? Buffer.alloc(0), part]));
      });
      socket.on('close', (code) => resolve({ channels, code }));
    });
  } finally {
    clearTimeout(timer);
    socket.terminate();
  }
}

export interface Command {
  readonly namespace: string;
  readonly pod: string;
  readonly container?: string;
  readonly command: readonly string[];
}

/** Runs a command in a container and gives what it printed; fails with what it complained of when it fails. */
export async function execute(access: ServerAccess, { namespace, pod, container, command }: Command): Promise<string> {
  const query = new URLSearchParams([
    ['stdout', '1'],
    ['stderr', '1'],
    ...(container ? [['container', container]] : []),
    ...command.map((part) => ['command', part]),
  ]);
  const { channels } = await stream(access, `/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query}`, {
    protocol: 'v5.channel.k8s.io',
  });
  const text = (number: number): string => channels.get(number)?.toString('utf8') ?? '';
  assert.ok(channels.has(3), `${command.join(' ')}: no result\n${text(1)}${text(2)}`);
  const { status, message } = JSON.parse(text(3)) as { status: string; message?: string };
  assert.equal(status, 'Success', `${command.join(' ')}: ${message}\n${text(1)}${text(2)}`);
  return text(1);
}
