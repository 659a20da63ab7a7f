// The `format`s of strings that the API server checks in custom resources; unknown ones are ignored.
import { ipFamily, parseIPv4, parseIPv6 } from '#api/addresses.ts';
import { dns1123Label, dns1123Subdomain } from '#api/formats.ts';

type Test = (text: string) => boolean;
const matches =
  (pattern: RegExp): Test =>
  (text) =>
    pattern.test(text);

const hex = '[0-9a-f]';
const uuid = (version: string, variant: string): Test =>
  matches(new RegExp(`^${hex}{8}-?${hex}{4}-?${version}${hex}{3}-?${variant}${hex}{3}-?${hex}{12}$`, 'i'));

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && Number(match[3]) === Number(new Date(time).toISOString().slice(8, 10));
}

function isDateTime(text: string): boolean {
  const match = /^(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return false;
  return isDate(match[1] as string) && Number(match[2]) < 24 && Number(match[3]) < 60 && Number(match[4]) < 60;
}

function isUri(text: string): boolean {
  if (text.startsWith('/')) return !/[\s]/.test(text);
  return /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text);
}

function isCidr(text: string): boolean {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  if (!match) return false;
  const [, address = '', bits = ''] = match;
  return (parseIPv4(address) !== undefined && Number(bits) <= 32) || (parseIPv6(address) !== undefined && Number(bits) <= 128);
}

function isIsbn(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (/^\d{9}[\dX]$/.test(digits)) {
    const sum = [...digits].reduce((total, digit, i) => total + (digit === 'X' ? 10 : Number(digit)) * (10 - i), 0);
    return sum % 11 === 0;
  }
  if (!/^\d{13}$/.test(digits)) return false;
  return [...digits].reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (!/^\d{13,19}$/.test(digits)) return false;
  let sum = 0;
  for (const [i, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (i % 2 === 0 ? 1 : 2);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

const goDuration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const longDuration = /^\s*(\d+\s*(ns|us|µs|ms|s|sec|second|m|min|minute|h|hr|hour|d|day|w|wk|week)s?\s*)+$/i;
const host = /^([a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)*\.?$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const channel = '\\s*(\\d{1,2}|1\\d\\d|2[0-4]\\d|25[0-5])\\s*';

const tests: Readonly<Record<string, Test>> = {
  bsonobjectid: matches(/^[0-9a-f]{24}$/i),
  uri: isUri,
  email: matches(/^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/),
  hostname: (text) => text.length <= 253 && host.test(text),
  ipv4: (text) => ipFamily(text) === 'IPv4',
  ipv6: (text) => ipFamily(text) === 'IPv6',
  cidr: isCidr,
  mac: matches(/^([0-9a-f]{2}([:-])([0-9a-f]{2}\2){4}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4})$/i),
  uuid: uuid('[0-9a-f]', '[0-9a-f]'),
  uuid3: uuid('3', hex),
  uuid4: uuid('4', '[89ab]'),
  uuid5: uuid('5', '[89ab]'),
  isbn: isIsbn,
  isbn10: (text) => isIsbn(text) && text.replace(/[\s-]/g, '').length === 10,
  isbn13: (text) => isIsbn(text) && text.replace(/[\s-]/g, '').length === 13,
  creditcard: isCreditCard,
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i),
  rgbcolor: matches(new RegExp(`^rgb\\(${channel},${channel},${channel}\\)$`)),
  byte: (text) => base64.test(text),
  password: () => true,
  date: isDate,
  duration: (text) => goDuration.test(text) || longDuration.test(text),
  datetime: isDateTime,
  'k8s-short-name': (text) => dns1123Label(text).length === 0,
  'k8s-long-name': (text) => dns1123Subdomain(text).length === 0,
};

/** The test of a string format; undefined for formats that nobody checks. */
export function formatTest(format: string): Test | undefined {
  return tests[format] ?? tests[format.replaceAll('-', '')];
}

const unchecked = new Set(['int32', 'int64', 'float', 'double']);

/** True for formats that are kept when a schema is published. */
export function isKnownFormat(format: string): boolean {
  return unchecked.has(format) || formatTest(format) !== undefined;
}
