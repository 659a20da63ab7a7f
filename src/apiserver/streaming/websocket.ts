// The little of WebSocket (RFC 6455) that sending needs.
import type { Digest, HttpHeaders } from '#base/net.ts';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The 101 of a WebSocket handshake; undefined when the request is none. */
export function acceptHeaders(digest: Digest, headers: HttpHeaders, protocol: string): string | undefined {
  const key = headers['sec-websocket-key'];
  if (headers['upgrade']?.toLowerCase() !== 'websocket' || key === undefined) return undefined;
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${digest.sha1Base64(key + guid)}`,
    ...(protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function frame(op: number, data: Uint8Array): Buffer {
  const { length } = data;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | op;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, data]);
}

/** One message. */
export function dataFrame(data: Uint8Array, text: boolean): Buffer {
  return frame(text ? 1 : 2, data);
}

/** The good-bye. */
export function closeFrame(code: number): Buffer {
  const data = Buffer.alloc(2);
  data.writeUInt16BE(code);
  return frame(8, data);
}
