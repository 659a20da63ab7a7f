// CEL selectors of device classes and requests: does a device satisfy them? Compiled once per expression.
import type { DeviceSelector } from '#api/resource/v1/common.ts';
import { compile, type Program } from '#format/cel/cel.ts';
import { Env } from '#format/cel/env.ts';
import { lists } from '#format/cel/lib/lists.ts';
import { optionals } from '#format/cel/lib/optionals.ts';
import { quantities } from '#format/cel/lib/quantities.ts';
import { regexes } from '#format/cel/lib/regexes.ts';
import { semvers } from '#format/cel/lib/semvers.ts';
import { sets } from '#format/cel/lib/sets.ts';
import { strings } from '#format/cel/lib/strings.ts';
import { standard } from '#format/cel/standard.ts';
import { Bool, Dyn, Str } from '#format/cel/types.ts';
import { CelMap, EntryMap, type Value } from '#format/cel/values.ts';
import type { OfferedDevice } from './inventory.ts';

/** What one evaluation may cost. */
const costLimit = 1_000_000;
/** Compiled expressions that are kept. */
const mostPrograms = 512;

const env = new Env({
  libraries: [standard, optionals, strings, sets, lists, regexes, quantities, semvers],
  variables: [
    { name: 'device', type: Dyn },
    { name: 'text', type: Str },
  ],
  syntax: { optionals: true, twoVariables: true },
});
const toQuantity = compile(env, 'quantity(text)');
const toVersion = compile(env, 'semver(text)');
const programs = new Map<string, Program>();
const values = new WeakMap<OfferedDevice, Value>();

function mapOf(entries: readonly (readonly [string, Value])[]): EntryMap {
  const map = new EntryMap();
  for (const [key, value] of entries) map.entries.set(key, { key, value });
  return map;
}

/** A map by domain that has an empty map for every domain that the device says nothing of. */
class Domains extends CelMap {
  readonly #domains: ReadonlyMap<string, EntryMap>;
  constructor(domains: ReadonlyMap<string, EntryMap>) {
    super();
    this.#domains = domains;
  }
  get size(): number {
    return this.#domains.size;
  }
  get(key: Value): Value | undefined {
    return typeof key === 'string' ? (this.#domains.get(key) ?? mapOf([])) : undefined;
  }
  keys(): Iterable<Value> {
    return this.#domains.keys();
  }
}

/** Names without a domain belong to the driver's own. */
function byDomain<T>(entries: Readonly<Record<string, T>> | undefined, driver: string, valueOf: (item: T) => Value): Domains {
  const domains = new Map<string, [string, Value][]>();
  for (const [name, item] of Object.entries(entries ?? {})) {
    const slash = name.indexOf('/');
    const domain = slash < 0 ? driver : name.slice(0, slash);
    const list = domains.get(domain) ?? [];
    list.push([slash < 0 ? name : name.slice(slash + 1), valueOf(item)]);
    domains.set(domain, list);
  }
  return new Domains(new Map([...domains].map(([domain, list]) => [domain, mapOf(list)])));
}

function deviceValue(offered: OfferedDevice): Value {
  let value = values.get(offered);
  if (value !== undefined) return value;
  const { device, driver } = offered;
  const attributes = byDomain(device.attributes, driver, (attribute): Value => {
    if (attribute.bool !== undefined) return attribute.bool;
    if (attribute.int !== undefined) return BigInt(attribute.int);
    if (attribute.version !== undefined) return toVersion.evaluate({ text: attribute.version }).value;
    return attribute.string ?? '';
  });
  const capacity = byDomain(device.capacity, driver, (item): Value => toQuantity.evaluate({ text: item.value }).value);
  value = mapOf([
    ['driver', driver],
    ['attributes', attributes],
    ['capacity', capacity],
    ['allowMultipleAllocations', device.allowMultipleAllocations === true],
  ]);
  values.set(offered, value);
  return value;
}

/** True when the device satisfies all selectors. Throws `CelError` or `CelCompileError` for expressions that fail. */
export function selected(offered: OfferedDevice, selectors: readonly DeviceSelector[] | undefined): boolean {
  for (const { cel } of selectors ?? []) {
    if (cel === undefined) return false;
    let program = programs.get(cel.expression);
    if (program === undefined) {
      program = compile(env, cel.expression, [Bool]);
      if (programs.size >= mostPrograms) programs.clear();
      programs.set(cel.expression, program);
    }
    if (program.evaluate({ device: deviceValue(offered) }, costLimit).value !== true) return false;
  }
  return true;
}
