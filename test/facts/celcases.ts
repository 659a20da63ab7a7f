// Reading the cases of CEL's conformance data: their types and values are protobuf messages in JSON.
import type { Activation } from '#format/cel/cel.ts';
import { fn, free, method, type FunctionDecl, type Variable } from '#format/cel/decls.ts';
import { Env } from '#format/cel/env.ts';
import { optionals } from '#format/cel/lib/optionals.ts';
import { sets } from '#format/cel/lib/sets.ts';
import { strings } from '#format/cel/lib/strings.ts';
import { standard } from '#format/cel/standard.ts';
import * as types from '#format/cel/types.ts';
import type { CelType } from '#format/cel/types.ts';
import { ArrayList, EntryMap, keyOf, TypeValue, UintValue, type Value } from '#format/cel/values.ts';
import { toDuration, toTimestamp } from '#format/cel/convert.ts';

type Json = Record<string, unknown>;

export interface Case {
  readonly raw: Json;
  readonly expr: string;
  readonly container: string;
  readonly variables: readonly Variable[];
  readonly functions: readonly FunctionDecl[];
  readonly bindings: Activation;
  readonly value: Json | undefined;
  readonly type: string | undefined;
  readonly evalError: unknown;
  readonly checkOnly: boolean;
}

const primitives: Readonly<Record<string, CelType>> = {
  BOOL: types.Bool,
  INT64: types.Int,
  UINT64: types.Uint,
  DOUBLE: types.Double,
  STRING: types.Str,
  BYTES: types.Bytes,
};

/** A type of the data. */
export function readType(json: Json): CelType {
  if ('primitive' in json) return primitives[String(json['primitive'])] ?? types.Dyn;
  if ('wrapper' in json) return types.wrapperOf(primitives[String(json['wrapper'])] as types.SimpleType);
  if ('null' in json) return types.Null;
  if ('wellKnown' in json)
    return json['wellKnown'] === 'TIMESTAMP' ? types.Timestamp : json['wellKnown'] === 'DURATION' ? types.Duration : types.Any;
  if ('listType' in json) return types.listOf(readType(((json['listType'] as Json)['elemType'] ?? {}) as Json));
  if ('mapType' in json) {
    const { keyType = {}, valueType = {} } = json['mapType'] as { keyType?: Json; valueType?: Json };
    return types.mapOf(readType(keyType), readType(valueType));
  }
  if ('abstractType' in json) {
    const { name, parameterTypes = [] } = json['abstractType'] as { name: string; parameterTypes?: Json[] };
    return types.opaque(name, ...parameterTypes.map(readType));
  }
  if ('typeParam' in json) return types.param(String(json['typeParam']));
  if ('type' in json) return types.typeOf(Object.keys(json['type'] as Json).length ? readType(json['type'] as Json) : undefined);
  if (json['messageType'] === 'google.protobuf.Duration') return types.Duration;
  if (json['messageType'] === 'google.protobuf.Timestamp') return types.Timestamp;
  if ('messageType' in json) return types.objectType(String(json['messageType']));
  return types.Dyn;
}

const typeNames: Readonly<Record<string, string>> = { null_type: 'null_type' };

/** A value of the data. */
export function readValue(json: Json): Value {
  const [[kind, value]] = Object.entries(json) as [[string, unknown]];
  switch (kind) {
    case 'nullValue':
      return null;
    case 'int64Value':
      return BigInt(value as string);
    case 'uint64Value':
      return new UintValue(BigInt(value as string));
    case 'doubleValue':
      return Number(value);
    case 'bytesValue':
      return Uint8Array.fromBase64(value as string);
    case 'typeValue':
      return new TypeValue(typeNames[value as string] ?? (value as string));
    case 'listValue':
      return new ArrayList((((value as Json)['values'] ?? []) as Json[]).map(readValue));
    case 'mapValue': {
      const map = new EntryMap();
      for (const entry of ((value as Json)['entries'] ?? []) as { key: Json; value: Json }[]) {
        const key = readValue(entry.key);
        map.entries.set(keyOf(key) as string, { key, value: readValue(entry.value) });
      }
      return map;
    }
    case 'objectValue': {
      const { '@type': type, value: inner } = value as { '@type': string; value: string };
      return type.endsWith('Duration') ? toDuration(inner) : toTimestamp(inner);
    }
    default:
      return value as Value;
  }
}

/** Takes a case apart. */
export function readCase(raw: Json): Case {
  const variables: Variable[] = [];
  const functions: FunctionDecl[] = [];
  for (const declared of (raw['typeEnv'] ?? []) as { name: string; ident?: { type: Json }; function?: { overloads: Json[] } }[]) {
    if (declared.ident) variables.push({ name: declared.name, type: readType(declared.ident.type) });
    else if (declared.function) functions.push(fn(declared.name, ...declared.function.overloads.map(readOverload)));
  }
  const typed = raw['typedResult'] as { result?: Json; deducedType?: Json } | undefined;
  const bindings = (raw['bindings'] ?? {}) as Record<string, { value: Json }>;
  const messages = JSON.stringify(raw).includes('cel.expr.conformance');
  return {
    raw,
    expr: String(raw['expr']),
    container: String(raw['container'] ?? ''),
    variables,
    functions,
    bindings: messages ? {} : Object.fromEntries(Object.entries(bindings).map(([name, { value }]) => [name, readValue(value)])),
    value: (raw['value'] ?? typed?.result) as Json | undefined,
    type: typed?.deducedType ? types.typeText(readType(typed.deducedType)) : undefined,
    evalError: raw['evalError'],
    checkOnly: raw['checkOnly'] === true,
  };
}

function readOverload(json: Json): ReturnType<typeof free> {
  const params = ((json['params'] ?? []) as Json[]).map(readType);
  return (json['isInstanceFunction'] ? method : free)(String(json['overloadId']), params, readType(json['resultType'] as Json));
}

const base = new Env({
  libraries: [standard, optionals, strings, sets],
  syntax: { optionals: true, twoVariables: true, bindings: true, quotedFields: true },
});

/** The environment that a case asks for. */
export function specEnv(known: Case): Env {
  return base.extend({ variables: known.variables, container: known.container, libraries: [{ functions: known.functions }] });
}
