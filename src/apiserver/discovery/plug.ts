// Discovery's endpoints: /api, /apis and what is below them, and /version.
import type { HttpHeaders } from '#base/net.ts';
import type { Answer, Backend, Context } from '../chain.ts';
import { objectAnswer, type PathEndpoint, type Plug, type PlugFactory } from '../endpoint.ts';
import { parseAccept } from './accept.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions, groupDiscoveryList } from './documents.ts';
import { type DiscoveredGroup, discoveredGroups } from './model.ts';
import { type VersionOptions, versionInfo } from './version.ts';

export interface DiscoveryOptions extends VersionOptions {
  /** Groups that are answered by somebody else than the rows (metrics.k8s.io, aggregated API servers). */
  readonly extraGroups?: () => readonly DiscoveredGroup[];
}

/** `aggregated` version that the client asks for before anything else, or undefined for the legacy form. */
export function wantsAggregated(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const { type, params } of parseAccept(accept)) {
    if (type === '*/*' || (type === 'application/json' && params['as'] === undefined)) return undefined;
    if (type !== 'application/json' || params['g'] !== 'apidiscovery.k8s.io' || params['as'] !== 'APIGroupDiscoveryList') continue;
    if (params['v'] === 'v2' || params['v'] === 'v2beta1') return params['v'];
  }
  return undefined;
}

interface Document {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

function aggregatedAnswer(ctx: Context, version: string, document: Document): Answer {
  const headers: HttpHeaders = {
    'content-type': `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    etag: document.etag,
    vary: 'Accept',
    'cache-control': 'public',
  };
  if (ctx.call.headers['if-none-match'] === document.etag) return { kind: 'bytes', status: 304, headers, bytes: '' };
  return { kind: 'bytes', status: 200, headers, bytes: document.bytes };
}

/** The plain 404 of paths that nobody serves. */
export function pageNotFound(): Answer {
  return { kind: 'bytes', status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, bytes: '404 page not found\n' };
}

/** Makes the endpoints; documents are built when first asked for and kept until the rows change. */
export function discoveryPlug(options: DiscoveryOptions = {}): PlugFactory {
  return (backend: Backend): Plug => {
    let generation = -1;
    let groups: readonly DiscoveredGroup[] = [];
    let extraSeen: readonly DiscoveredGroup[] = [];
    const documents = new Map<string, Document>();

    const current = (): readonly DiscoveredGroup[] => {
      const extra = options.extraGroups?.() ?? [];
      const now = backend.rowsGeneration();
      if (now !== generation || extra !== extraSeen) {
        groups = discoveredGroups(backend.rows(), extra);
        generation = now;
        extraSeen = extra;
        documents.clear();
      }
      return groups;
    };

    const aggregated = (ctx: Context, version: 'v2' | 'v2beta1', legacy: boolean): Answer => {
      const all = current();
      const key = `${legacy}/${version}`;
      let document = documents.get(key);
      if (document === undefined) {
        const wanted = all.filter((group) => (group.group === '') === legacy);
        const bytes = Buffer.from(JSON.stringify(groupDiscoveryList(wanted, version)));
        document = { bytes, etag: `"${backend.world.digest.sha256(bytes).toUpperCase()}"` };
        documents.set(key, document);
      }
      return aggregatedAnswer(ctx, version, document);
    };

    const root = (ctx: Context, legacy: boolean): Answer => {
      const version = wantsAggregated(ctx.call.headers['accept']);
      if (version !== undefined) return aggregated(ctx, version, legacy);
      if (!legacy) return objectAnswer(apiGroupList(current()));
      const { advertise } = backend.config;
      return objectAnswer(apiVersions(advertise ? `${advertise.address}:${advertise.port}` : (ctx.call.headers['host'] ?? '')));
    };

    const below = (group: string, version: string | undefined): Answer => {
      const found = current().find((entry) => entry.group === group);
      if (found === undefined) return pageNotFound();
      if (version === undefined) return objectAnswer(apiGroup(found));
      const list = apiResourceList(found, version);
      return list === undefined ? pageNotFound() : objectAnswer(list);
    };

    const parts = (ctx: Context, prefix: string): string[] => ctx.info.path.slice(prefix.length).split('/').filter(Boolean);
    const paths: PathEndpoint[] = [
      {
        path: '/api',
        below: true,
        handle(ctx) {
          const [version, ...more] = parts(ctx, '/api');
          if (version === undefined) return root(ctx, true);
          return more.length === 0 ? below('', version) : pageNotFound();
        },
      },
      {
        path: '/apis',
        below: true,
        handle(ctx) {
          const [group, version, ...more] = parts(ctx, '/apis');
          if (group === undefined) return root(ctx, false);
          return more.length === 0 ? below(group, version) : pageNotFound();
        },
      },
      { path: '/version', handle: () => objectAnswer(versionInfo(options)) },
    ];
    return { paths };
  };
}
