// The text formats of names, labels, addresses; each returns what is wrong with a value, worded as Kubernetes words it.

type Format = (value: string) => string[];

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelText = `(${qualified})?`;

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const labelRe = whole(label);
const subdomainRe = whole(subdomain);
const label1035Re = whole(label1035);
const qualifiedRe = whole(qualified);
const labelTextRe = whole(labelText);

function regexError(message: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`;
}

/** Length in UTF-8 bytes. */
export function byteLength(text: string): number {
  // oxlint-disable-next-line no-control-regex -- ASCII is counted without encoding
  return /^[\u0000-\u007f]*$/.test(text) ? text.length : Buffer.byteLength(text);
}

export const emptyError = 'must be non-empty';
export const maxLength = (max: number): string => `must be no more than ${max} bytes`;
export const between = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;
export const immutableText = 'field is immutable';
export const nonNegativeText = 'must be greater than or equal to 0';
export const positiveText = 'must be greater than 0';

const labelText1123 = regexError(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  label,
  'my-name',
  '123-abc',
);
const subdomainText = regexError(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  subdomain,
  'example.com',
);
const label1035Text = regexError(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  label1035,
  'my-name',
  'abc-123',
);
const wildcardText = regexError(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  `\\*\\.${subdomain}`,
  '*.example.com',
);
const qualifiedText = regexError(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualified,
  'MyName',
  'my.name',
  '123-abc',
);
const labelValueText = regexError(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  labelText,
  'MyValue',
  'my_value',
  '12345',
);

/** A DNS label: Pod hostnames, Namespaces, container names. */
export const dns1123Label: Format = (value) => {
  const errors: string[] = [];
  if (value.length > 63) errors.push(maxLength(63));
  if (!labelRe.test(value)) errors.push(value.includes('.') && subdomainRe.test(value) ? 'must not contain dots' : labelText1123);
  return errors;
};
/** A DNS name: the names of most objects. */
export const dns1123Subdomain: Format = (value) => {
  const errors: string[] = [];
  if (value.length > 253) errors.push(maxLength(253));
  if (!subdomainRe.test(value)) errors.push(subdomainText);
  return errors;
};
/** A DNS label that starts with a letter: Services. */
export const dns1035Label: Format = (value) => {
  const errors: string[] = [];
  if (value.length > 63) errors.push(maxLength(63));
  if (!label1035Re.test(value)) errors.push(label1035Text);
  return errors;
};
/** `*.` and a DNS name. */
export const wildcardSubdomain: Format = (value) => {
  const errors: string[] = [];
  if (value.length > 253) errors.push(maxLength(253));
  if (!value.startsWith('*.') || !subdomainRe.test(value.slice(2))) errors.push(wildcardText);
  return errors;
};

/** `name` or `prefix/name`: label keys, finalizers, condition types. */
export const qualifiedName: Format = (value) => {
  const slash = value.indexOf('/');
  const name = slash < 0 ? value : value.slice(slash + 1);
  const errors: string[] = [];
  if (slash >= 0) {
    if (name.includes('/')) {
      return [`a qualified name ${qualifiedText} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
    }
    const prefix = value.slice(0, slash);
    if (prefix === '') errors.push(`prefix part ${emptyError}`);
    else errors.push(...dns1123Subdomain(prefix).map((text) => `prefix part ${text}`));
  }
  if (name === '') errors.push(`name part ${emptyError}`);
  else if (name.length > 63) errors.push(`name part ${maxLength(63)}`);
  if (!qualifiedRe.test(name)) errors.push(`name part ${qualifiedText}`);
  return errors;
};
/** The value of a label. */
export const labelValue: Format = (value) => {
  const errors: string[] = [];
  if (value.length > 63) errors.push(maxLength(63));
  if (!labelTextRe.test(value)) errors.push(labelValueText);
  return errors;
};
/** A name that may be one segment of a URL path: RBAC objects, PodDisruptionBudgets. */
export const pathSegment: Format = (value) => {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((illegal) => value.includes(illegal)).map((illegal) => `may not contain '${illegal}'`);
};
/** The name of a port. */
export const portName: Format = (value) => {
  const errors: string[] = [];
  if (value.length > 15) errors.push(maxLength(15));
  if (!/^[-a-z0-9]+$/.test(value)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
};
/** A port number. */
export function portNumber(value: number): string[] {
  return value >= 1 && value <= 65535 ? [] : [between(1, 65535)];
}
/** A key of a ConfigMap or Secret. */
export const configKey: Format = (value) => {
  const errors: string[] = [];
  if (value.length > 253) errors.push(maxLength(253));
  if (!/^[-._a-zA-Z0-9]+$/.test(value)) {
    const text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    errors.push(regexError(text, '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name'));
  }
  if (value === '.') errors.push("must not be '.'");
  else if (value === '..') errors.push("must not be '..'");
  else if (value.startsWith('..')) errors.push("must not start with '..'");
  return errors;
};
/** The name of an environment variable. */
export const envName: Format = (value) =>
  /^[ -<>-~]+$/.test(value) ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
/** The name of an HTTP header. */
export const httpHeaderName: Format = (value) =>
  /^[-A-Za-z0-9]+$/.test(value)
    ? []
    : [regexError("a valid HTTP header must consist of alphanumeric characters or '-'", '[-A-Za-z0-9]+', 'X-Header-Name')];
/** `25%`. */
export const percent: Format = (value) =>
  /^[0-9]+%$/.test(value)
    ? []
    : [regexError("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', '1%', '93%')];
/** A name that may be an identifier in C and most languages. */
export const cIdentifier: Format = (value) =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(value)
    ? []
    : [
        regexError(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          '[A-Za-z_][A-Za-z0-9_]*',
          'my_name',
          'MY_NAME',
          'MyName',
        ),
      ];
/** `example.com/path`: signer names, managedBy, controllers. */
export function domainPrefixedPath(value: string): string[] {
  if (value === '') return [emptyError];
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) return ['must be a domain-prefixed path (such as "acme.io/foo")'];
  const errors = dns1123Subdomain(value.slice(0, slash));
  const path = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(value.slice(slash + 1))) errors.push(regexError('Invalid path', path));
  return errors;
}
