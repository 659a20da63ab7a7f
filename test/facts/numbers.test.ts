// The numbers, types and presence of fields in the DSL against the protobuf messages of Kubernetes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Field, ListTypeNode, MapTypeNode, RefType, TypeNode } from '#api/dsl.ts';
import { specialName } from '#api/openapi.ts';
import { structs } from '#api/structs.ts';
import { withFacts } from './facts.ts';

interface FactField {
  readonly n: number;
  readonly t: string;
  readonly rep?: boolean;
  readonly map?: string;
  readonly inline?: boolean;
  readonly json?: string;
  readonly ptr?: boolean;
  readonly emit?: boolean;
}
type Message = Readonly<Record<string, FactField>>;
interface Facts {
  readonly messages: Readonly<Record<string, Message>>;
}
interface Wanted {
  readonly via: readonly number[];
  readonly field: FactField;
}

/** The fields of a message as JSON shows them: inlined messages flattened, with the numbers on the way. */
function flatten(messages: Facts['messages'], message: Message, via: readonly number[]): Map<string, Wanted> {
  const result = new Map<string, Wanted>();
  for (const [name, field] of Object.entries(message)) {
    if (field.inline) {
      for (const [inner, wanted] of flatten(messages, messages[field.t] ?? {}, [...via, field.n])) result.set(inner, wanted);
    } else result.set(field.json ?? name, { via, field });
  }
  return result;
}

function typeName(type: TypeNode): string {
  if (type.kind === 'ref') return (type as RefType).struct().name;
  return specialName(type) ?? type.kind;
}

/** Types that are a list with a name of their own in the messages. */
const boxes = /\.(ExtraValue|Verbs)$/;

/** A list of strings that is a message: by itself in a map, marked where it is a field. */
function checkBox(field: Field, wanted: FactField, where: string): void {
  const type = wanted.map === undefined ? field.type : (field.type as MapTypeNode).value;
  assert.equal(type.kind, 'list', where);
  assert.equal(typeName((type as ListTypeNode).item), 'string', where);
  assert.equal(field.boxed ?? false, wanted.map === undefined, `${where}: boxed`);
}

function checkField(field: Field, wanted: Wanted, where: string): void {
  assert.equal(field.n, wanted.field.n, `${where}: number`);
  assert.deepEqual(field.via ?? [], wanted.via, `${where}: via`);
  assert.equal(field.emit ?? false, wanted.field.emit ?? false, `${where}: emit`);
  assert.equal(field.ptr ?? false, wanted.field.ptr ?? false, `${where}: ptr`);
  if (boxes.test(wanted.field.t)) return checkBox(field, wanted.field, where);
  assert.ok(!field.boxed, where);
  if (wanted.field.map !== undefined) {
    assert.equal(field.type.kind, 'map', where);
    assert.equal(typeName((field.type as MapTypeNode).value), wanted.field.t, where);
  } else if (wanted.field.rep) {
    assert.equal(field.type.kind, 'list', where);
    assert.equal(typeName((field.type as ListTypeNode).item), wanted.field.t, where);
  } else assert.equal(typeName(field.type), wanted.field.t, where);
}

withFacts('protobuf numbers', (load) => {
  const { messages } = load('protobuf.json') as Facts;
  for (const [name, struct] of structs) {
    const message = messages[name];
    if (!message) continue;
    test(name, () => {
      const wanted = flatten(messages, message, []);
      for (const [field, facts] of Object.entries(struct.fields)) {
        if (field === 'apiVersion' || field === 'kind') continue;
        const found = wanted.get(field);
        if (!found) assert.equal(facts.n, 0, `${field} has a number but is in no message`);
        else if (facts.n !== 0) checkField(facts, found, `${name}.${field}`);
        wanted.delete(field);
      }
      wanted.delete('apiVersion');
      wanted.delete('kind');
      assert.deepEqual([...wanted.keys()], [], 'fields that the struct lacks');
    });
  }
});
