// Subresources by `group/resource/name`, or `*/name` where every resource has the same.
import { serveBinding } from './binding.ts';
import { serveEviction } from './eviction.ts';
import { servePart } from './part.ts';
import { serveScale } from './scale.ts';
import type { ServeSubresource } from './subresource.ts';

export const subresources: ReadonlyMap<string, ServeSubresource> = new Map<string, ServeSubresource>([
  ['*/status', servePart],
  ['*/scale', serveScale],
  ['/namespaces/finalize', servePart],
  ['/pods/binding', serveBinding],
  ['/pods/eviction', serveEviction],
  ['/pods/ephemeralcontainers', servePart],
  ['/pods/resize', servePart],
  ['certificates.k8s.io/certificatesigningrequests/approval', servePart],
]);
