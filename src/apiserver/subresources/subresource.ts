// What serves a subresource of a registry resource.
import type { Answer, Context } from '../chain.ts';
import type { Registry } from '../registry/registry.ts';
import type { Resource } from '../registry/resource.ts';
import type { SubresourceRow } from '../resources/row.ts';

export interface SubresourceRequest {
  readonly registry: Registry;
  readonly resource: Resource;
  readonly ctx: Context;
  readonly sub: SubresourceRow;
  /** Checks the permission for another verb of the same request. */
  readonly recheck: (ctx: Context, verb: string) => Promise<void>;
}

export type ServeSubresource = (request: SubresourceRequest) => Promise<Answer>;
