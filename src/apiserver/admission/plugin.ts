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

/** Undo of what a validating plug-in took (quota); called when the write fails after all. */
export type Undo = () => void;

export interface AdmissionPlugin {
  /** Kubernetes' name of the plug-in. */
  readonly name: string;
  /** Cheap and constant filter by resource and operation. */
  handles(row: ResourceRow, operation: Operation, subresource: string): boolean;
  /** Returns the changed object, or undefined when nothing changes. */
  admit?(attributes: AdmissionAttributes): KubeObject | undefined | Promise<KubeObject | undefined>;
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
    let current = attributes;
    for (const plugin of this.#select(attributes.row, attributes.operation, attributes.subresource).admit) {
      const changed = await plugin.admit?.(current);
      if (changed) current = { ...current, object: changed };
    }
    return current.object;
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
        const undo = await plugin.validate?.(attributes);
        if (undo) undos.push(undo);
      }
    } catch (error) {
      undoAll();
      throw error;
    }
    return undos.length > 0 ? undoAll : undefined;
  }
}
