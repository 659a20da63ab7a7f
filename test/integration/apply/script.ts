// Scenarios of apply and merge as lists of operations: who sends what to which endpoint, and what must be there after it.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { ManagedFieldsEntry } from '#api/meta/v1/objectmeta.ts';
import type { StatusCause } from '#api/meta/v1/status.ts';
import { toYaml } from '#format/yaml.ts';
import { admin, type TestApi } from '../../support/api.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A kind that scenarios act on. */
export interface ActedOn {
  readonly apiVersion: string;
  readonly kind: string;
  /** Path of the collection in namespace `default`, or of the cluster. */
  readonly url: string;
  readonly namespaced: boolean;
}

export interface SendOptions {
  readonly force?: boolean;
  readonly sub?: string;
  /** Another version of the kind, such as `autoscaling/v1`. */
  readonly version?: string;
  readonly dryRun?: boolean;
  /** More metadata for the body. */
  readonly meta?: Fields;
}

interface Sent extends SendOptions {
  readonly verb: 'create' | 'put' | 'apply' | 'merge' | 'strategic' | 'json';
  readonly manager: string;
  readonly body: Fields | readonly Fields[];
}

type Check = (run: Run) => void;
export type Step = { readonly sent: Sent; readonly expect: 'done' | 'same' | { code: number; message: string; causes?: string[] } } | Check;

const step =
  (verb: Sent['verb']) =>
  (manager: string, body: Sent['body'], options: SendOptions = {}) =>
    ({ sent: { verb, manager, body, ...options }, expect: 'done' }) as const satisfies Step;
/** POST. The body leaves out apiVersion, kind and name. */
export const create = step('create');
/** PUT of the whole body, nothing of the present object is kept but its status. */
export const put = step('put');
/** Server-side apply. */
export const apply = step('apply');
export const merge = step('merge');
export const strategic = step('strategic');
export const json = step('json');
/** Server-side apply that takes over. */
export const force = (manager: string, body: Fields, options: SendOptions = {}) => apply(manager, body, { ...options, force: true });
/** The step is accepted and nothing is written: neither resourceVersion nor times change. */
export const same = (of: { readonly sent: Sent }): Step => ({ sent: of.sent, expect: 'same' });
/** The step is refused; NAME in the message stands for the object's name, `causes` lists the fields of the causes of a conflict. */
export const refused = (of: { readonly sent: Sent }, code: number, message: string, causes?: string[]): Step => ({
  sent: of.sent,
  expect: { code, message, ...(causes ? { causes } : {}) },
});
/** Refused with one conflict. */
export const conflicts = (of: { readonly sent: Sent }, who: string, path: string): Step =>
  refused(of, 409, `Apply failed with 1 conflict: conflict with ${who}: ${path}`, [path]);

/** Top-level fields of the object, each exactly so; undefined: absent. */
export const holds =
  (wanted: Fields): Step =>
  (run) => {
    for (const [name, value] of Object.entries(wanted)) assert.deepEqual(run.live[name], value, name);
  };
export const spec = (wanted: Fields | undefined): Step => holds({ spec: wanted });
/** Some fields of metadata, each exactly so. */
export const meta =
  (wanted: Fields): Step =>
  (run) => {
    for (const [name, value] of Object.entries(wanted)) assert.deepEqual(run.live.metadata[name], value, name);
  };
/** A value deep in the object, by dots. */
export const at =
  (path: string, wanted: unknown): Step =>
  (run) => {
    const value = path.split('.').reduce<unknown>((from, name) => (from as Fields | undefined)?.[name], run.live);
    assert.deepEqual(value, wanted, path);
  };

/**
 * All managers with all they own. Appliers by their name, updaters as `name!`, through a subresource as `name/status` or
 * `name!/status`; paths as conflicts spell them.
 */
export const owned =
  (wanted: Readonly<Record<string, readonly string[]>>): Step =>
  (run) => {
    const entries = run.live.metadata.managedFields ?? [];
    const found = entries.map((entry) => [ownerName(entry), pathsOf(entry.fieldsV1 as Fields).sort()]);
    const sorted = Object.entries(wanted).map(([name, paths]) => [name, paths.map((path) => `.${path}`).sort()]);
    assert.deepEqual(Object.fromEntries(found), Object.fromEntries(sorted));
    assert.equal(found.length, entries.length);
  };
/** The managers in the order in which they are listed. */
export const listed =
  (...wanted: string[]): Step =>
  (run) =>
    assert.deepEqual((run.live.metadata.managedFields ?? []).map(ownerName), wanted);
/** Which managers' entries were written by which step (1 is the first request); 0: without a time. */
export const written =
  (wanted: Readonly<Record<string, number>>): Step =>
  (run) => {
    const entries = run.live.metadata.managedFields ?? [];
    const found = entries.map((entry) => [ownerName(entry), entry.time === undefined ? 0 : run.times.indexOf(entry.time) + 1]);
    assert.deepEqual(Object.fromEntries(found), wanted);
  };

function ownerName({ manager, operation, subresource }: ManagedFieldsEntry): string {
  return `${manager}${operation === 'Update' ? '!' : ''}${subresource ? `/${subresource}` : ''}`;
}

/** The members of a FieldsV1 tree, spelled as conflicts spell them. */
export function pathsOf(fields: Fields, path = ''): string[] {
  const names = Object.keys(fields).filter((name) => name !== '.');
  const below = names.flatMap((name) => pathsOf(fields[name] as Fields, path + spelled(name)));
  return path !== '' && (names.length === 0 || '.' in fields) ? [path, ...below] : below;
}

function spelled(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  assert.ok(element.startsWith('k:'), element);
  const pairs = Object.entries(JSON.parse(rest) as Fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `[${pairs.join(',')}]`;
}

interface Live extends Fields {
  readonly metadata: Fields & { readonly managedFields?: readonly ManagedFieldsEntry[] };
}
interface Answer {
  readonly code: number;
  readonly object: Live & { message?: string; details?: { causes?: readonly StatusCause[] } };
}

/** A scenario on its way. */
export class Run {
  readonly name: string;
  /** When each request was sent, as managedFields write it. */
  readonly times: string[] = [];
  current: Live | undefined;
  private readonly api: TestApi;
  private readonly kind: ActedOn;
  private readonly tick: () => string;

  constructor(api: TestApi, kind: ActedOn, { name, tick }: { name: string; tick: () => string }) {
    this.api = api;
    this.kind = kind;
    this.name = name;
    this.tick = tick;
  }

  get live(): Live {
    assert.ok(this.current, 'nothing was written yet');
    return this.current;
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const [index, one] of steps.entries()) {
      try {
        await this.step(one);
      } catch (error) {
        throw new Error(`step ${index + 1} of ${steps.length}: ${(error as Error).message}`, { cause: error });
      }
    }
  }

  private async step(one: Step): Promise<void> {
    if (typeof one === 'function') {
      one(this);
      return;
    }
    this.times.push(this.tick());
    const before = this.current;
    const { code, object } = await this.send(one.sent);
    const { expect } = one;
    if (typeof expect === 'object') {
      assert.deepEqual([code, object.message], [expect.code, expect.message.replaceAll('NAME', this.name)]);
      if (expect.causes)
        assert.deepEqual(
          object.details?.causes?.map((cause) => cause.field),
          expect.causes,
        );
      return;
    }
    assert.ok(code < 300, `${code} ${object.message ?? ''}`);
    if (expect === 'same') assert.ok(isDeepStrictEqual(object, before), 'it was written');
    if (one.sent.sub !== 'scale') this.current = object;
    else this.current = await this.read();
  }

  private async read(): Promise<Live> {
    return (await this.exchange('GET', `${this.kind.url}/${this.name}`, '')).object;
  }

  private send({ verb, manager, body, force: forced, sub, version, dryRun, meta: more }: Sent): Promise<Answer> {
    const { apiVersion, kind, namespaced } = this.kind;
    const url = version ? this.kind.url.replace(apiVersion, version) : this.kind.url;
    const path = verb === 'create' ? url : `${url}/${this.name}${sub ? `/${sub}` : ''}`;
    const query = `fieldManager=${manager}${forced ? '&force=true' : ''}${dryRun ? '&dryRun=All' : ''}`;
    const whole = {
      ...(sub === 'scale' ? { apiVersion: 'autoscaling/v1', kind: 'Scale' } : { apiVersion: version ?? apiVersion, kind }),
      metadata: { name: this.name, ...(namespaced ? { namespace: 'default' } : {}), ...more },
      ...(body as Fields),
    };
    if (verb === 'create') return this.exchange('POST', path, query, whole);
    if (verb === 'put') return this.exchange('PUT', path, query, whole);
    if (verb === 'apply') return this.exchange('PATCH', path, query, toYaml(whole), 'application/apply-patch+yaml');
    const type = verb === 'json' ? 'json-patch' : verb === 'merge' ? 'merge-patch' : 'strategic-merge-patch';
    const patch = more ? { metadata: more, ...(body as Fields) } : body;
    return this.exchange('PATCH', path, query, patch, `application/${type}+json`);
  }

  private async exchange(
    method: 'POST' | 'PUT' | 'PATCH' | 'GET',
    path: string,
    query: string,
    body?: object | string,
    type = 'application/json',
  ): Promise<Answer> {
    const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const response = await this.api.api.transport(admin).send({
      method,
      path,
      query,
      headers: { 'content-type': type, accept: 'application/json' },
      ...(bytes ? { body: { bytes } } : {}),
    });
    const { body: answer } = response;
    if ('object' in answer) return { code: response.status, object: answer.object as Answer['object'] };
    assert.ok('bytes' in answer);
    return { code: response.status, object: JSON.parse(Buffer.from(answer.bytes).toString()) as Answer['object'] };
  }
}

/** Scenarios by what they show. */
export type Scenarios = Readonly<Record<string, readonly [ActedOn, ...Step[]]>>;
