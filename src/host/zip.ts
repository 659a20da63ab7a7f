// Compression with the machine's zlib.
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { Zip, ZipStream } from '#base/zip.ts';

const gzip = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gzip);
const gunzip = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gunzip);

function stream(engine: zlib.Inflate | zlib.Deflate, limit: number): ZipStream {
  let failed: Error | undefined;
  let chunks: Buffer[] = [];
  let size = 0;
  let before: Promise<unknown> = Promise.resolve();
  engine.on('error', (error) => (failed = error));
  engine.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) {
      failed ??= new Error(`decompressed data larger than ${limit} bytes`);
      engine.destroy(failed);
    } else chunks.push(chunk);
  });
  const one = (bytes: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      if (failed !== undefined || engine.destroyed) {
        reject(failed ?? new Error('zip stream is closed'));
        return;
      }
      engine.once('close', closed);
      function closed(): void {
        reject(failed ?? new Error('zip stream is closed'));
      }
      engine.write(bytes);
      engine.flush(zlib.constants.Z_SYNC_FLUSH, () => {
        engine.off('close', closed);
        const result = Buffer.concat(chunks);
        chunks = [];
        size = 0;
        if (failed === undefined) resolve(result);
        else reject(failed);
      });
    });
  return {
    push(bytes) {
      const done = before.then(() => one(bytes));
      before = done.catch(() => {});
      return done;
    },
    close: () => void engine.destroy(),
  };
}

export const realZip: Zip = {
  gzip: (bytes, level) => gzip(bytes, { level: level ?? 4 }),
  gunzip: (bytes, limit) => gunzip(bytes, { maxOutputLength: limit }),
  gzipStream: (source) => Readable.from(source).pipe(zlib.createGzip({ level: 4, flush: zlib.constants.Z_SYNC_FLUSH })),
  gunzipStream: (source) => Readable.from(source).pipe(zlib.createGunzip()),
  inflater: (dictionary, limit) => stream(zlib.createInflate({ dictionary }), limit),
  deflater: (dictionary) => stream(zlib.createDeflate({ dictionary }), Number.POSITIVE_INFINITY),
};
