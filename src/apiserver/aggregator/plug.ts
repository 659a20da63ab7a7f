// The aggregator: other servers behind this one's address, by APIService.
import type { KeyPair } from '#base/pki.ts';
import { messageOf } from '#base/errors.ts';
import { createClient } from '#client/create.ts';
import type { PlugFactory } from '../endpoint.ts';
import type { DiscoveredGroup } from '../discovery/model.ts';
import { type Authorities, publishAuthentication } from './authentication.ts';
import { AggregationController } from './controller.ts';
import type { LocalVersion } from './local.ts';
import type { RemoteDocument } from './openapi.ts';
import { remoteEndpoint } from './proxy.ts';
import { Remotes } from './remote.ts';

export interface AggregatorOptions extends Authorities {
  /** The front proxy's own certificate. */
  readonly client: KeyPair;
  /** Group versions that are answered here without rows. */
  readonly extra: () => readonly LocalVersion[];
}

export interface Aggregator {
  readonly plug: PlugFactory;
  /** What aggregated servers offer; the same value until it changes. */
  groups(): readonly DiscoveredGroup[];
  /** Their OpenAPI v2 documents, likewise. */
  documents(): readonly RemoteDocument[];
}

const none: readonly DiscoveredGroup[] = [];
const undescribed: readonly RemoteDocument[] = [];
const documents = /^\/openapi\/v3\/apis\/([^/]+)\/([^/]+)\/?$/;

/** Makes an aggregator for one server. */
export function createAggregator(options: AggregatorOptions): Aggregator {
  let controller: AggregationController | undefined;
  return {
    groups: () => controller?.groups ?? none,
    documents: () => controller?.documents ?? undescribed,
    plug(backend) {
      const remotes = new Remotes(backend, options.client);
      return {
        claims({ isResource, group, version, path }) {
          if (remotes.all().size === 0) return undefined;
          const [, ofPath, versionOfPath] = isResource ? [] : (/^\/apis\/([^/]+)\/([^/]+)\/?$/.exec(path) ?? documents.exec(path) ?? []);
          const remote = remotes.find(ofPath ?? group, versionOfPath ?? version);
          return remote && remoteEndpoint(remotes, remote);
        },
        async start(user) {
          const client = createClient(backend.transport(user));
          const made = new AggregationController({ backend, client, remotes, extra: options.extra() });
          controller = made;
          const started = Promise.all([publishAuthentication(client, options), made.start()]).catch((error: unknown) => {
            backend.world.log.error('aggregation not started', { error: messageOf(error) });
          });
          return {
            async [Symbol.asyncDispose]() {
              await started;
              await made[Symbol.asyncDispose]();
            },
          };
        },
      };
    },
  };
}
