// Hashes.
import { createHash } from 'node:crypto';
import type { Digest } from '#base/net.ts';

export const realDigest: Digest = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  sha1Base64: (text) => createHash('sha1').update(text).digest('base64'),
};
