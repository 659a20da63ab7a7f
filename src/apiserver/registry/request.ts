// What every write carries.
import type { Context } from '../chain.ts';
import type { Registry } from './registry.ts';
import type { Resource } from './resource.ts';
import type { WriteContext } from './strategy.ts';

export interface WriteRequest {
  readonly registry: Registry;
  readonly resource: Resource;
  readonly ctx: Context;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  /** The options object that admission sees. */
  readonly options: object;
  /** Admission has judged what asked for this write (a Binding, an Eviction), and is not asked about the write itself. */
  readonly admitted?: boolean;
  /** managedFields are already computed (apply). */
  readonly tracked?: boolean;
}

/** The strategy's view of a write. */
export function writeContext(request: WriteRequest): WriteContext {
  const { registry, resource, ctx, dryRun, subresource } = request;
  return { registry, resource, ctx, dryRun, subresource, now: registry.now() };
}
