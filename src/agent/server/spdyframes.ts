// SPDY/3.1 frames on a connection: their borders and their kinds.

const longestFrame = 16 * 1024 * 1024;

export const frameType = { syn: 1, synReply: 2, reset: 3, ping: 6, goAway: 7 } as const;

/** Cuts bytes into frames, heads included. What is left when the connection ends within a frame is lost. */
export async function* spdyFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of bytes) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    while (rest.length >= 8) {
      const length = rest.readUInt32BE(4) & 0xffffff;
      if (length > longestFrame) throw new Error('spdy: frame is too long');
      if (rest.length < 8 + length) break;
      const frame = rest.subarray(0, 8 + length);
      rest = rest.subarray(8 + length);
      yield frame;
    }
  }
}

/** The type of a control frame; undefined for data. */
export const controlType = (frame: Buffer): number | undefined => (((frame[0] ?? 0) & 0x80) === 0 ? undefined : frame.readUInt16BE(2));

/** True for a ping that the client began: its numbers are odd. */
export const isClientPing = (frame: Buffer): boolean =>
  controlType(frame) === frameType.ping && frame.length >= 12 && (frame.readUInt32BE(8) & 1) === 1;
