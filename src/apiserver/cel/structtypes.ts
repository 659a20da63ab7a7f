// Types of API objects for the type checker, from the DSL.
import type { ListTypeNode, MapTypeNode, RefType, Struct, TypeNode } from '#api/dsl.ts';
import type { StructType, TypeProvider } from '#format/cel/decls.ts';
import { Bool, Bytes, type CelType, Double, Duration, Dyn, Int, listOf, mapOf, objectType, Str, Timestamp } from '#format/cel/types.ts';

const scalars: Readonly<Record<string, CelType>> = {
  string: Str,
  bool: Bool,
  int32: Int,
  int64: Int,
  double: Double,
  bytes: Bytes,
  time: Timestamp,
  microTime: Timestamp,
  duration: Duration,
};

/** The CEL type of a place in an object; what may be several things is dyn. */
export function celTypeOf(type: TypeNode): CelType {
  switch (type.kind) {
    case 'list':
      return listOf(celTypeOf((type as ListTypeNode).item));
    case 'map':
      return mapOf(Str, celTypeOf((type as MapTypeNode).value));
    case 'ref':
      return objectType((type as RefType).struct().name);
    default:
      return scalars[type.kind] ?? Dyn;
  }
}

/** The structs that can be reached from some structs, by name. */
export function structTypes(roots: readonly Struct[]): TypeProvider {
  const structs = new Map<string, Struct>();
  const visit = (struct: Struct): void => {
    if (structs.has(struct.name)) return;
    structs.set(struct.name, struct);
    for (const field of Object.values(struct.fields)) visitType(field.type);
  };
  const visitType = (type: TypeNode): void => {
    if (type.kind === 'ref') visit((type as RefType).struct());
    else if (type.kind === 'list') visitType((type as ListTypeNode).item);
    else if (type.kind === 'map') visitType((type as MapTypeNode).value);
  };
  for (const root of roots) visit(root);
  const made = new Map<string, StructType>();
  return {
    struct(name) {
      const struct = structs.get(name);
      if (!struct) return undefined;
      let type = made.get(name);
      if (!type) made.set(name, (type = structType(struct)));
      return type;
    },
  };
}

function structType({ name, fields }: Struct): StructType {
  return {
    name,
    field(field) {
      const found = Object.hasOwn(fields, field) ? fields[field] : undefined;
      return found && celTypeOf(found.type);
    },
  };
}
