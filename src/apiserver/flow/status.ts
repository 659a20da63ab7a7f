// FlowSchemas tell whether the level that they name exists.
import type { FlowSchema } from '#api/flowcontrol/v1/flowschema.ts';
import { FlowSchemas, PriorityLevelConfigurations } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { rfc3339 } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import type { Backend } from '../chain.ts';
import type { Plug } from '../endpoint.ts';

type Condition = NonNullable<NonNullable<FlowSchema['status']>['conditions']>[number];

/** The condition that is true of a schema, or undefined when it says so already. */
export function danglingCondition({ spec, status }: FlowSchema, exists: boolean, now: string): Condition | undefined {
  const level = JSON.stringify(spec.priorityLevelConfiguration.name);
  const about = `This FlowSchema references the PriorityLevelConfiguration object named ${level}`;
  const wanted = exists
    ? { status: 'False', reason: 'Found', message: `${about} and it exists` }
    : { status: 'True', reason: 'NotFound', message: `${about} but there is no such object` };
  const present = status?.conditions?.find(({ type }) => type === 'Dangling');
  if (present?.status === wanted.status && present.message === wanted.message) return undefined;
  return { type: 'Dangling', lastTransitionTime: now, ...wanted };
}

class DanglingConditions implements AsyncDisposable {
  readonly #backend: Backend;
  readonly #client: Client;
  readonly #removers: readonly (() => void)[];
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(backend: Backend, client: Client) {
    this.#backend = backend;
    this.#client = client;
    this.#removers = [FlowSchemas, PriorityLevelConfigurations].map((ref) =>
      backend.onChange(ref as typeof FlowSchemas, () => this.wake()),
    );
  }

  wake(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      const levels = new Set(this.#backend.list(PriorityLevelConfigurations).map(({ metadata }) => metadata.name));
      for (const schema of this.#backend.list(FlowSchemas))
        await this.#update(schema, levels.has(schema.spec.priorityLevelConfiguration.name));
    }
  }

  async #update(schema: FlowSchema, exists: boolean): Promise<void> {
    const condition = danglingCondition(schema, exists, rfc3339(this.#backend.world.clock.now()));
    if (!condition || this.#closed) return;
    const others = (schema.status?.conditions ?? []).filter(({ type }) => type !== 'Dangling');
    try {
      await this.#client
        .resource(FlowSchemas)
        .updateStatus({ ...schema, status: { ...schema.status, conditions: [...others, condition] } });
    } catch (error) {
      // Somebody changed it meanwhile: the change wakes us again.
      if (isConflict(error) || isNotFound(error) || this.#closed) return;
      this.#backend.world.log.warn('flow schema not updated', { name: schema.metadata.name, error: messageOf(error) });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const remove of this.#removers) remove();
    await this.#running;
  }
}

/** Keeps the conditions true. */
export function flowStatusPlug(backend: Backend): Plug {
  return {
    async start(user) {
      const conditions = new DanglingConditions(backend, createClient(backend.transport(user)));
      conditions.wake();
      return conditions;
    },
  };
}
