// What label keys and values may look like, worded as Kubernetes words it.

const subdomain = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const name = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const subdomainPattern = new RegExp(`^${subdomain}$`);
const namePattern = new RegExp(`^${name}$`);

const charsOf = "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const nameText = `must consist of ${charsOf} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${name}')`;
const valueText = `a valid label must be an empty string or consist of ${charsOf} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${name})?')`;
const subdomainText = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`;

/** What is wrong with `name` or `prefix/name`. */
export function labelKeyErrors(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2) return [`a qualified name ${nameText} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const errors: string[] = [];
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const last = parts.at(-1) ?? '';
  if (prefix === '') errors.push('prefix part must be non-empty');
  else if (prefix !== undefined) {
    if (prefix.length > 253) errors.push('prefix part must be no more than 253 bytes');
    if (!subdomainPattern.test(prefix)) errors.push(`prefix part ${subdomainText}`);
  }
  if (last === '') errors.push('name part must be non-empty');
  else if (last.length > 63) errors.push('name part must be no more than 63 bytes');
  if (!namePattern.test(last)) errors.push(`name part ${nameText}`);
  return errors;
}

/** What is wrong with the value of a label. */
export function labelValueErrors(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push('must be no more than 63 bytes');
  if (value !== '' && !namePattern.test(value)) errors.push(valueText);
  return errors;
}
