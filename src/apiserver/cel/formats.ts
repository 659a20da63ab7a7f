// The CEL library of Kubernetes' named text formats: `format.dns1123Label().validate(x)`.
import * as formats from '#api/formats.ts';
import { fn, free, type Library, method } from '#format/cel/decls.ts';
import { readCost, readEstimate } from '#format/cel/costs.ts';
import { parseTimestamp } from '#format/cel/timetext.ts';
import { listOf, opaque, optionalOf, Str } from '#format/cel/types.ts';
import { ArrayList, none, OpaqueValue, OptionalValue, type Value } from '#format/cel/values.ts';

type Check = (text: string) => readonly string[];
const type = opaque('kubernetes.NamedFormat');

class FormatValue extends OpaqueValue {
  readonly typeName = type.name;
  readonly name: string;
  readonly check: Check;
  constructor(name: string, check: Check) {
    super();
    this.name = name;
    this.check = check;
  }
  equals(other: Value): boolean {
    return other instanceof FormatValue && other.name === this.name;
  }
}

/** Generated names end in a dash; what follows makes them valid. */
const prefix =
  (check: Check): Check =>
  (text) =>
    check(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
const when =
  (valid: (text: string) => boolean, message: string): Check =>
  (text) =>
    valid(text) ? [] : [message];

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && parseTimestamp(`${text}T00:00:00Z`) !== undefined;
}
function isUri(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return (
    text !== '' && !/[\0-\x20\x7f]|%(?![0-9a-fA-F]{2})/.test(text) && (text.startsWith('/') || /^[A-Za-z][A-Za-z0-9+.-]*:./.test(text))
  );
}

const checks: Readonly<Record<string, Check>> = {
  dns1123Label: formats.dns1123Label,
  dns1123Subdomain: formats.dns1123Subdomain,
  dns1035Label: formats.dns1035Label,
  qualifiedName: formats.qualifiedName,
  dns1123LabelPrefix: prefix(formats.dns1123Label),
  dns1123SubdomainPrefix: prefix(formats.dns1123Subdomain),
  dns1035LabelPrefix: prefix(formats.dns1035Label),
  labelValue: formats.labelValue,
  uri: when(isUri, 'invalid URI'),
  uuid: when((text) => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text), 'does not match the UUID format'),
  byte: when((text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), 'invalid base64'),
  date: when(isDate, 'invalid date'),
  datetime: when((text) => parseTimestamp(text) !== undefined, 'invalid datetime'),
};
const values = Object.entries(checks).map(([name, check]) => new FormatValue(name, check));

function named(name: string): Value {
  const found = values.find((value) => value.name === name);
  return found ? new OptionalValue(found) : none;
}
function validate({ check }: FormatValue, text: string): Value {
  const errors = check(text);
  return errors.length === 0 ? none : new OptionalValue(new ArrayList([...errors]));
}

export const namedFormats: Library = {
  types: [type],
  functions: [
    fn('format.named', free('format_named', [Str], optionalOf(type), named)),
    fn(
      'validate',
      method('format_validate', [type, Str], optionalOf(listOf(Str)), validate, { cost: readCost(1), estimate: readEstimate(1) }),
    ),
    ...values.map((value) =>
      fn(
        `format.${value.name}`,
        free(`format_${value.name}`, [], type, () => value),
      ),
    ),
  ],
};
