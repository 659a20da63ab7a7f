// Kubernetes' channel protocols over WebSocket: every message begins with the number of its stream. Pure.
import { opcode } from './websocket.ts';

export const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export interface ChannelProtocol {
  readonly name: string;
  /** Messages are text: the channel's digit and base64. */
  readonly base64: boolean;
  /** The error channel carries a Status object; before v4 it carried a text, and only on failure. */
  readonly status: boolean;
  /** The client may half-close a stream. */
  readonly closes: boolean;
}

const protocols: readonly ChannelProtocol[] = [
  { name: 'v5.channel.k8s.io', base64: false, status: true, closes: true },
  { name: 'v4.channel.k8s.io', base64: false, status: true, closes: false },
  { name: 'v4.base64.channel.k8s.io', base64: true, status: true, closes: false },
  { name: 'channel.k8s.io', base64: false, status: false, closes: false },
  { name: 'base64.channel.k8s.io', base64: true, status: false, closes: false },
];

/** The first protocol offered that we speak; without an offer the oldest. */
export function chooseProtocol(offered: readonly string[]): ChannelProtocol | undefined {
  if (offered.length === 0) return { name: '', base64: false, status: false, closes: false };
  for (const name of offered) {
    const found = protocols.find((protocol) => protocol.name === name);
    if (found) return found;
  }
  return undefined;
}

/** A message for a channel, with its opcode. */
export function encodeChannel(protocol: ChannelProtocol, number: number, data: Uint8Array): { data: Uint8Array; op: number } {
  if (!protocol.base64) return { data: Buffer.concat([Buffer.from([number]), data]), op: opcode.binary };
  return { data: Buffer.from(`${number}${Buffer.from(data).toString('base64')}`, 'latin1'), op: opcode.text };
}

/** The channel of a message and its data; undefined for an empty message. */
export function decodeChannel(protocol: ChannelProtocol, message: Buffer): { number: number; data: Buffer } | undefined {
  const first = message[0];
  if (first === undefined) return undefined;
  if (!protocol.base64) return { number: first, data: message.subarray(1) };
  return { number: first - 0x30, data: Buffer.from(message.subarray(1).toString('latin1'), 'base64') };
}

/** What the error channel of protocols before v4 says of a Status. */
export function statusText(json: string): string {
  try {
    const status = JSON.parse(json) as { status?: string; message?: string };
    return status.status === 'Success' ? '' : (status.message ?? json);
  } catch {
    return json;
  }
}
