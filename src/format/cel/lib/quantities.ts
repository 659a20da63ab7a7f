// Kubernetes' library for quantities: `quantity('1Gi').isGreaterThan(quantity('500M'))`.
import { parseQuantity, type Quantity } from '#format/quantity.ts';
import { readCost, readEstimate } from '../costs.ts';
import { fn, free, type Library, method } from '../decls.ts';
import { Bool, Double, Int, opaque, Str } from '../types.ts';
import { fail, OpaqueValue, type Value } from '../values.ts';

const type = opaque('kubernetes.Quantity');
const billion = 1_000_000_000n;
const maxInt = 2n ** 63n - 1n;

class QuantityValue extends OpaqueValue {
  readonly typeName = type.name;
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }
  equals(other: Value): boolean {
    return other instanceof QuantityValue && other.quantity.nano === this.quantity.nano;
  }
}

function parse(text: string): QuantityValue {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}
function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}

const nano = (value: QuantityValue): bigint => value.quantity.nano;
const order = (a: QuantityValue, b: QuantityValue): bigint => (nano(a) < nano(b) ? -1n : nano(a) > nano(b) ? 1n : 0n);
const isInteger = (value: QuantityValue): boolean =>
  nano(value) % billion === 0n && nano(value) / billion <= maxInt && nano(value) / billion >= -maxInt - 1n;
const changed = (value: QuantityValue, by: bigint): QuantityValue =>
  new QuantityValue({ nano: nano(value) + by, format: value.quantity.format });
const costs = { cost: readCost(0), estimate: readEstimate(0) };

export const quantities: Library = {
  types: [type],
  functions: [
    fn('quantity', free('string_to_quantity', [Str], type, parse, costs)),
    fn('isQuantity', free('is_quantity_string', [Str], Bool, isQuantity, costs)),
    fn(
      'sign',
      method('quantity_sign', [type], Int, (value: QuantityValue) => (nano(value) < 0n ? -1n : nano(value) > 0n ? 1n : 0n)),
    ),
    fn(
      'isGreaterThan',
      method('quantity_is_greater_than', [type, type], Bool, (a: QuantityValue, b: QuantityValue) => nano(a) > nano(b)),
    ),
    fn(
      'isLessThan',
      method('quantity_is_less_than', [type, type], Bool, (a: QuantityValue, b: QuantityValue) => nano(a) < nano(b)),
    ),
    fn('compareTo', method('quantity_compare_to', [type, type], Int, order)),
    fn(
      'asApproximateFloat',
      method('quantity_get_float', [type], Double, (value: QuantityValue) => Number(nano(value)) / 1e9),
    ),
    fn(
      'asInteger',
      method('quantity_get_int', [type], Int, (value: QuantityValue) =>
        isInteger(value) ? nano(value) / billion : fail('cannot convert value to integer'),
      ),
    ),
    fn('isInteger', method('quantity_is_integer', [type], Bool, isInteger)),
    fn(
      'add',
      method('quantity_add', [type, type], type, (a: QuantityValue, b: QuantityValue) => changed(a, nano(b))),
      method('quantity_add_int', [type, Int], type, (a: QuantityValue, b: bigint) => changed(a, b * billion)),
    ),
    fn(
      'sub',
      method('quantity_sub', [type, type], type, (a: QuantityValue, b: QuantityValue) => changed(a, -nano(b))),
      method('quantity_sub_int', [type, Int], type, (a: QuantityValue, b: bigint) => changed(a, -b * billion)),
    ),
  ],
};
