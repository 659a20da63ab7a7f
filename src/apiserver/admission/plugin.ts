// Admission: built-in plug-ins first change, then judge what is about to be written.
import type { KubeObject } from '#api/object.ts';
import type { Context } from '../chain.ts';
import type { Registry } from '../registry/registry.ts';
import type { ResourceRow } from '../resources/row.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionAttributes {
  readonly operation: Operation;
  readonly row: ResourceRow;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The object as it would be written; undefined for DELETE. */
  readonly object: KubeObject | undefined;
  /** The present state; undefined for CREATE. */
  readonly oldObject: KubeObject | undefined;
  readonly dryRun: boolean;
  /** CreateOptions, UpdateOptions or DeleteOptions. */
  readonly options: object;
  readonly ctx: Context;
  readonly registry: Registry;
}

/** What messages call an object: its name, or what its name will begin with. */
export const shownName = ({ metadata }: KubeObject): string => metadata.name || metadata.generateName || '';

/** Undo of what a validating plug-in took (quota); called when the write fails after all. */
export type Undo = () => void;

/**
 * The rounds of mutating admission of one request. When a webhook has changed the object, all plug-ins run once more on
 * the result; a webhook only if it asked for that (reinvocationPolicy) and somebody changed the object after it.
 */
export class Round {
  /** In the second round. */
  again = false;
  /** A webhook has changed the object. */
  changed = false;
  /** The object as the webhooks of the first round left it. */
  lastOutput: KubeObject | undefined;
  #called = new Set<string>();
  readonly #wanted = new Set<string>();

  /** A webhook that wants to know of later changes was called. */
  called(id: string): void {
    this.#called.add(id);
  }

  /** The object has changed: those that were called want to see it again. */
  requireAgain(): void {
    for (const id of this.#called) this.#wanted.add(id);
    this.#called = new Set();
  }

  wantsAgain(id: string): boolean {
    return this.#wanted.has(id);
  }
}

export interface AdmissionPlugin {
  /** Kubernetes' name of the plug-in. */
  readonly name: string;
  /** Cheap and constant filter by resource and operation. */
  handles(row: ResourceRow, operation: Operation, subresource: string): boolean;
  /** Returns the changed object, or undefined when nothing changes. */
  admit?(attributes: AdmissionAttributes, round: Round): KubeObject | undefined | Promise<KubeObject | undefined>;
  /** Throws StatusError to refuse. */
  validate?(attributes: AdmissionAttributes): void | Undo | Promise<void | Undo>;
}

interface Selected {
  readonly admit: readonly AdmissionPlugin[];
  readonly validate: readonly AdmissionPlugin[];
}

/** Runs the plug-ins in their order. */
export class Admission {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #selected = new Map<string, Selected>();

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  #select(row: ResourceRow, operation: Operation, subresource: string): Selected {
    const key = `${row.group}/${row.version}/${row.resource}/${subresource}/${operation}`;
    let selected = this.#selected.get(key);
    if (!selected) {
      const plugins = this.#plugins.filter((plugin) => plugin.handles(row, operation, subresource));
      selected = { admit: plugins.filter((plugin) => plugin.admit), validate: plugins.filter((plugin) => plugin.validate) };
      this.#selected.set(key, selected);
    }
    return selected;
  }

  /** Mutating admission; answers with the object to go on with. */
  async admit(attributes: AdmissionAttributes): Promise<KubeObject | undefined> {
    const { admit } = this.#select(attributes.row, attributes.operation, attributes.subresource);
    if (admit.length === 0) return attributes.object;
    const round = new Round();
    let current = attributes;
    for (;;) {
      for (const plugin of admit) {
        const result = plugin.admit?.(current, round);
        const changed = result instanceof Promise ? await result : result;
        if (changed) current = { ...current, object: changed };
      }
      if (round.again || !round.changed) return current.object;
      round.again = true;
    }
  }

  /** Validating admission; the returned function gives back what was taken. */
  async validate(attributes: AdmissionAttributes): Promise<Undo | undefined> {
    const { validate } = this.#select(attributes.row, attributes.operation, attributes.subresource);
    if (validate.length === 0) return undefined;
    const undos: Undo[] = [];
    const undoAll = () => {
      for (const undo of undos.splice(0)) undo();
    };
    try {
      for (const plugin of validate) {
        const result = plugin.validate?.(attributes);
        const undo = result instanceof Promise ? await result : result;
        if (undo) undos.push(undo);
      }
    } catch (error) {
      undoAll();
      throw error;
    }
    return undos.length > 0 ? undoAll : undefined;
  }
}
