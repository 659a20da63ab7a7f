// Hashes.
import { createHash } from 'node:crypto';
import type { Digest } from '#base/net.ts';

export const realDigest: Digest = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  async sha256Of(source) {
    const hash = createHash('sha256');
    for await (const chunk of source) hash.update(chunk);
    return hash.digest('hex');
  },
  sha1Base64: (text) => createHash('sha1').update(text).digest('base64'),
};
