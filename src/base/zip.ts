// Compression as an argument (DESIGN law 1).

/** A deflate stream that keeps its window between calls, one block in, one block out (SPDY header blocks). */
export interface ZipStream {
  /** Transforms one chunk and flushes. Chunks come out in the order they were given. Rejects on bad data or above `limit`. */
  push(bytes: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

export interface Zip {
  /** Off the main thread. */
  gzip(bytes: Uint8Array | string, level?: number): Promise<Uint8Array>;
  /** Rejects when the result would be larger than `limit` bytes. */
  gunzip(bytes: Uint8Array, limit: number): Promise<Uint8Array>;
  gzipStream(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  gunzipStream(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** zlib format with a preset dictionary. `limit`: most bytes that one `push` may return. */
  inflater(dictionary: Uint8Array, limit: number): ZipStream;
  deflater(dictionary: Uint8Array): ZipStream;
}
