// Bodies of answers, up to a size.

/** All bytes of a body; throws (what `tooLarge` makes of the text) when there are more than `limit`. */
export async function boundedBody(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  tooLarge: (text: string) => Error = (text) => new Error(text),
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw tooLarge(`the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}
