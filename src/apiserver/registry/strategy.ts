// What a kind adds to the generic registry. Everything is optional: a row without a strategy is served by the rules alone.
import type { FieldError } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import type { Context } from '../chain.ts';
import type { Registry } from './registry.ts';
import type { Resource } from './resource.ts';

/** What a strategy may look at during a write. */
export interface WriteContext {
  readonly registry: Registry;
  readonly resource: Resource;
  readonly ctx: Context;
  readonly dryRun: boolean;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Wall time of this write, RFC 3339. */
  readonly now: string;
}

/** Something taken for an object before it is written (an address, a port): kept or given back with the write. */
export interface Reservation {
  commit(): void;
  rollback(): void;
}

/** A subresource through which part of the object is written. */
export interface PartStrategy {
  /** The old object with the part taken from the new one. */
  merge(object: KubeObject, old: KubeObject, write: WriteContext): KubeObject;
  validate?(object: KubeObject, old: KubeObject, write: WriteContext): readonly FieldError[];
}

/** How many seconds a deletion waits for somebody to finish the object; undefined: this kind is deleted at once. */
export interface GracePeriod {
  readonly seconds: number;
}

/** What validation finds; a promise where the checks are loaded when first needed. */
export type Findings = readonly FieldError[] | Promise<readonly FieldError[]>;

/** Where a kind keeps what its /scale shows. */
export interface Scaling {
  read(object: KubeObject): { readonly replicas: number; readonly current: number; readonly selector: string };
  /** The wanted number; undefined where the object does not say. */
  find(object: KubeObject): number | undefined;
  write(object: KubeObject, replicas: number): KubeObject;
}

export interface Strategy {
  /** Completes a new object, after defaults and mutating admission, before validation. */
  prepareCreate?(object: KubeObject, write: WriteContext): KubeObject;
  /** Same for a replacement of the object itself. */
  prepareUpdate?(object: KubeObject, old: KubeObject, write: WriteContext): KubeObject;
  /** Same for the `status` subresource; `object` has the old spec and metadata already. */
  prepareStatus?(object: KubeObject, old: KubeObject, write: WriteContext): KubeObject;
  validateCreate?(object: KubeObject, write: WriteContext): Findings;
  validateUpdate?(object: KubeObject, old: KubeObject, write: WriteContext): Findings;
  warnings?(object: KubeObject, old: KubeObject | undefined, write: WriteContext): readonly string[];
  /** Takes what the object needs from a shared pool; the object comes back with it filled in. */
  reserve?(
    object: KubeObject,
    old: KubeObject | undefined,
    write: WriteContext,
  ): Promise<{ readonly object: KubeObject; readonly reservation: Reservation }>;
  /** After the object is gone from the store. */
  released?(object: KubeObject, registry: Registry): void;
  /** Subresources other than `status` that write part of the object, by name. */
  readonly parts?: Readonly<Record<string, PartStrategy>>;
  grace?(object: KubeObject, requested: number | undefined): GracePeriod | undefined;
  /** True while something outside metadata.finalizers holds the object (namespaces). */
  held?(object: KubeObject): boolean;
  /** What else changes when an object is marked for deletion; `now` in milliseconds. */
  marked?(object: KubeObject, now: number): KubeObject;
  /** A deletion answers with the object, not with a Status. */
  readonly returnsDeleted?: boolean;
  /** Added when deletion is asked for: something of ours must be done before the object may go. */
  readonly deletionFinalizer?: string;
  /** Absent: spec.replicas, status.replicas and spec.selector. */
  readonly scaling?: Scaling;
  /** Whether a change raises metadata.generation; absent: by the row's rule. */
  generationChanged?(object: KubeObject, old: KubeObject): boolean;
  /** What the creator says of the status counts (nodes register with it). */
  readonly keepsStatus?: boolean;
  /** Seconds after which stored objects of this kind vanish. */
  ttl?(registry: Registry): number;
}
