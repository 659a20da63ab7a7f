// What an object of a kind looks like before anybody wrote to it: the parts that are always there.
import type { Struct } from '#api/dsl.ts';

const known = new WeakMap<Struct, Readonly<Record<string, unknown>>>();

/** The parts that the JSON form always has. Lists are empty, as decoding leaves those that were not given: nobody owns them. */
export function skeletonOf(struct: Struct): Readonly<Record<string, unknown>> {
  return build(struct, []);
}

function build(struct: Struct, above: readonly Struct[]): Readonly<Record<string, unknown>> {
  const found = known.get(struct);
  if (found) return found;
  const out: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(struct.fields)) {
    if (!field.emit || field.ptr) continue;
    const { type } = field;
    if (type.kind === 'ref') {
      const target = type.struct();
      out[name] = above.includes(target) ? {} : build(target, [...above, struct]);
    } else if (type.kind === 'string') out[name] = '';
    else if (type.kind === 'bool') out[name] = false;
    else if (type.kind === 'int32' || type.kind === 'int64' || type.kind === 'double') out[name] = 0;
    else out[name] = type.kind === 'list' ? [] : null;
  }
  known.set(struct, out);
  return out;
}
