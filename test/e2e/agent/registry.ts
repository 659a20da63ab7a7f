// A registry with one image behind a password, on the loopback interface: what containerd asks of one for a pull.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Blob, bytesOf, type ImageSource } from '#agent/images/source.ts';

export interface TestRegistry extends AsyncDisposable {
  /** The image as pods name it. */
  readonly image: string;
  /** An entry of a Docker configuration for this registry. */
  config(password: string): object;
  /** Requests that had the right password, so far. */
  readonly served: number;
}

/** Starts it; the password is `open sesame`. */
export async function startRegistry(source: ImageSource): Promise<TestRegistry> {
  const blobs = new Map<string, Blob>([...source.layers, source.config, source.manifest].map((blob) => [blob.digest, blob]));
  const right = `Basic ${Buffer.from('reader:open sesame').toString('base64')}`;
  let served = 0;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== right) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return;
    }
    served++;
    const [, kind, reference = ''] = /^\/v2\/private\/box\/(manifests|blobs)\/([^?]+)/.exec(request.url ?? '') ?? [];
    const blob = kind === 'manifests' && reference === '1' ? source.manifest : blobs.get(reference);
    if (!blob) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': blob.mediaType,
      'content-length': blob.size,
      'docker-content-digest': blob.digest,
    });
    if (request.method === 'HEAD') response.end();
    else void bytesOf(blob).then((bytes) => response.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    image: `${host}/private/box:1`,
    config: (password) => ({ auths: { [host]: { username: 'reader', password } } }),
    get served() {
      return served;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
