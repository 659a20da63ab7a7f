// Kubernetes' own CEL libraries: what they give, and what they refuse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CelCompileError, CelError, compile } from '#format/cel/cel.ts';
import { toJson } from '#format/cel/native.ts';
import { baseEnv } from './environment.ts';

function give(expression: string): unknown {
  const program = compile(baseEnv, expression);
  try {
    return toJson(program.evaluate({}).value);
  } catch (error) {
    if (error instanceof CelError) return `ERROR ${error.message}`;
    throw error;
  }
}

const tables: Readonly<Record<string, readonly (readonly [string, unknown])[]>> = {
  quantities: [
    ["isQuantity('1.3G')", true],
    ["isQuantity('1,3G')", false],
    ["isQuantity('200K')", false],
    ["quantity('1Gi') == quantity('1024Mi')", true],
    ["quantity('500000G').isInteger()", true],
    ["quantity('50k').asInteger()", 50000],
    ["quantity('9999999999999999999999').isInteger()", false],
    ["quantity('9999999999999999999999').asInteger()", 'ERROR cannot convert value to integer'],
    ["quantity('0.3').isInteger()", false],
    ["quantity('50.703k').asApproximateFloat()", 50703],
    ["quantity('-5').sign() + quantity('0').sign() + quantity('7m').sign()", 0],
    ["quantity('50k').add(quantity('20k')).sub(quantity('100k')).sub(-50000) == quantity('20k')", true],
    ["quantity('50k').add(20) == quantity('50020')", true],
    ["quantity('200M').compareTo(quantity('0.2G'))", 0],
    ["quantity('50M').compareTo(quantity('50Mi'))", -1],
    ["quantity('150Mi').isGreaterThan(quantity('100Mi')) && quantity('50M').isLessThan(quantity('100M'))", true],
    ["quantity('x')", "ERROR quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ],
  addresses: [
    ["isIP('192.168.0.1') && isIP('2001:db8::68') && isIP('::')", true],
    ["isIP('192.168.0.1.5') || isIP('::ffff:1.2.3.4') || isIP('fe80::1%eth0') || isIP('01.2.3.4') || isIP('')", false],
    ["ip('::ffff:1.2.3.4')", 'ERROR IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'],
    ["ip('fe80::1%eth0')", 'ERROR IP address "fe80::1%eth0" with zone value is not allowed'],
    ["ip('nope')", 'ERROR IP Address "nope" parse error during conversion from string: ParseAddr("nope"): unable to parse IP'],
    ["ip('127.0.0.1') == ip('127.0.0.1') && ip('::1') == ip('0:0:0:0:0:0:0:1')", true],
    ["ip('127.0.0.1') == ip('::1')", false],
    ["ip.isCanonical('127.0.0.1') && ip.isCanonical('2001:db8::abcd')", true],
    ["ip.isCanonical('2001:DB8::ABCD') || ip.isCanonical('2001:db8:0:0:0:0:0:1')", false],
    ["string(ip('2001:DB8:0:0:0:0:0:1')) + ' ' + string(ip('1:0:0:2:0:0:0:3'))", '2001:db8::1 1:0:0:2::3'],
    ["[ip('10.0.0.1').family(), ip('fd00::').family()]", [4, 6]],
    ["ip('127.0.0.1').isLoopback() && ip('::1').isLoopback() && ip('0.0.0.0').isUnspecified() && ip('::').isUnspecified()", true],
    ["ip('224.0.0.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast()", true],
    ["ip('169.254.169.254').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast() && !ip('fd80::').isLinkLocalUnicast()", true],
    ["ip('192.168.0.1').isGlobalUnicast() && ip('2001:db8::abcd').isGlobalUnicast()", true],
    ["ip('255.255.255.255').isGlobalUnicast() || ip('ff00::1').isGlobalUnicast()", false],
    ["isCIDR('192.168.0.0/16') && isCIDR('::1/128') && isCIDR('1.2.3.4/0')", true],
    ["isCIDR('192.168.0.0/33') || isCIDR('::/129') || isCIDR('1.2.3.4') || isCIDR('1.2.3.4/01')", false],
    ["cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsIP(ip('10.255.255.255'))", true],
    ["cidr('10.0.0.0/8').containsIP('11.0.0.0') || cidr('10.0.0.0/8').containsIP('::1')", false],
    ["cidr('192.168.0.0/24').containsCIDR('192.168.0.0/25') && cidr('192.168.0.0/24').containsCIDR(cidr('192.168.0.0/24'))", true],
    ["cidr('192.168.0.0/24').containsCIDR('192.168.0.0/23')", false],
    ["string(cidr('192.168.1.1/24').masked()) + ' ' + string(cidr('192.168.1.1/24').ip())", '192.168.1.0/24 192.168.1.1'],
    ["cidr('::1/64').prefixLength() == 64 && cidr('192.168.1.1/24') == cidr('192.168.1.1/24')", true],
    [
      "cidr('10.0.0.0/8').containsIP('x')",
      'ERROR IP Address "x" parse error during conversion from string: ParseAddr("x"): unable to parse IP',
    ],
  ],
  urls: [
    ["isURL('https://user:pass@example.com:80/') && isURL('/absolute-path')", true],
    ["isURL('https://a:b:c/') || isURL('../relative-path') || isURL('')", false],
    [
      "url('https://example.com:80/path with spaces')",
      'ERROR URL parse error during conversion from string: parse "https://example.com:80/path with spaces": invalid URI for request',
    ],
    ["url('/path').getScheme() + url('https://example.com/').getScheme()", 'https'],
    ["url('https://u:p@example.com:80/').getHost()", 'example.com:80'],
    ["url('https://[::1]:80/').getHostname() + ' ' + url('https://example.com:80/').getHostname()", '::1 example.com'],
    ["url('https://[::1]:80/').getPort() + url('https://example.com/').getPort() + url('/path').getPort()", '80'],
    ["url('https://example.com/p%20x/é').getEscapedPath()", '/p%20x/%C3%A9'],
    ["url('https://example.com/path?k1=a&k2=b&k2=c&empty').getQuery()", { k1: ['a'], k2: ['b', 'c'], empty: [''] }],
    ["url('https://example.com/') == url('https://example.com/')", true],
  ],
  lists: [
    ['[1, 2, 2].isSorted() && [].isSorted() && ["a", "b"].isSorted() && ![2, 1].isSorted()', true],
    ['[1, 3].sum() == 4 && [1.0, 3.0].sum() == 4.0 && [1u].sum() == 1u', true],
    ['[duration("1m"), duration("1s")].sum()', '61s'],
    ['[1, 3, 2].min() + [1, 3, 2].max()', 4],
    ['[].max()', 'ERROR max called on empty list'],
    ['["a", "b", "b"].indexOf("b") * 10 + ["a", "b", "b"].lastIndexOf("b")', 12],
    ['[1.0].indexOf(1.1)', -1],
  ],
  expressions: [
    ["'abc 123'.find('[0-9]+') + '|' + 'abc'.find('xyz')", '123|'],
    ["'123 abc 456'.findAll('[0-9]+')", ['123', '456']],
    ["'123 abc 456'.findAll('[0-9]+', 1)", ['123']],
    ["'123'.findAll('x')", []],
    ["'abcd'.matches('b.d') && matches('abcd', '^a')", true],
    ["'x'.find('(' + 'x')", 'ERROR error parsing regexp: missing closing ): `(x`'],
  ],
  versions: [
    ["isSemver('1.0.0') && isSemver('1.0.0-alpha.1+build') && isSemver('v1.0', true) && isSemver('01.01.01', true)", true],
    ["isSemver('v1.0.0') || isSemver('1.0') || isSemver('01.0.0') || isSemver('200K') || isSemver('v1.0', false)", false],
    ["semver('1.2.3').major() * 100 + semver('1.2.3').minor() * 10 + semver('1.2.3').patch()", 123],
    ["semver('1.2.3').compareTo(semver('1.2.3')) + semver('1.2.3').compareTo(semver('2.0.0'))", -1],
    ["semver('1.0.0-alpha').isLessThan(semver('1.0.0')) && semver('1.0.0-alpha.10').isGreaterThan(semver('1.0.0-alpha.9'))", true],
    ["semver('1.0.0+a') == semver('1.0.0+b')", true],
  ],
  formats: [
    ["!format.dns1123Label().validate('my-label-name').hasValue()", true],
    ["format.dns1123Subdomain().validate('Not.Valid').value()[0].startsWith('a lowercase RFC 1123 subdomain')", true],
    ["format.named('qualifiedName').value().validate('example.com/Name').hasValue()", false],
    ["format.named('nope').hasValue()", false],
    ["format.dns1035LabelPrefix().validate('prefix-').hasValue()", false],
    ["format.uuid().validate('x').value()", ['does not match the UUID format']],
    ["format.date().validate('2024-02-29').hasValue() || format.date().validate('2023-02-29').value() != ['invalid date']", false],
    [
      "format.datetime().validate('2024-01-01T00:00:00Z').hasValue() || format.byte().validate('aGk=').hasValue() || format.uri().validate('http://a').hasValue()",
      false,
    ],
    [
      "format.labelValue().validate('-x').hasValue() && format.byte().validate('a').hasValue() && format.uri().validate('a b').hasValue()",
      true,
    ],
  ],
  strings: [
    ["'tacocat'.charAt(3) + 'TacoCÆt Xii'.lowerAscii() + 'abc'.upperAscii()", 'otacocÆt xiiABC'],
    ["'hello hello'.replace('he', 'we', 1) + ' '.trim() + 'a-b'.split('-')[1] + ['a', 'b'].join('/')", 'wello helloba/b'],
    ["'%s is %d years, %.2f tall'.format([dyn('Bob'), 7, 1.5])", 'Bob is 7 years, 1.50 tall'],
    ["strings.quote('a\"b\\n')", '"a\\"b\\n"'],
    ['sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])', true],
  ],
  'two variables': [
    ["{'a': 1, 'b': 2}.all(k, v, k != '' && v > 0) && [5, 6].exists(i, v, i == 1 && v == 6)", true],
    ['[1, 2, 3].transformList(i, v, v > 1, v * i)', [2, 6]],
    ["{'a': 1}.transformMap(k, v, v + 1)", { a: 2 }],
    ["{'a': 'x'}.transformMapEntry(k, v, {v: k})", { x: 'a' }],
  ],
  optionals: [
    ["{'a': 1}.?a.orValue(0) + {'a': 1}.?b.orValue(10)", 11],
    ['optional.of(2).optMap(x, x * 2).value() + [1, 2][?5].orValue(3)', 7],
    ['[?optional.none(), ?optional.of(1)]', [1]],
    ['optional.none().value()', 'ERROR optional.none() dereference'],
  ],
};

for (const [name, table] of Object.entries(tables)) {
  test(`library of ${name}`, () => {
    for (const [expression, wanted] of table) assert.deepEqual(give(expression), wanted, expression);
  });
}

test('what is not in Kubernetes is not there', () => {
  for (const expression of [
    'cel.bind(x, 1, x)',
    "'a'.reverse()",
    'math.greatest(1, 2)',
    "base64.encode(b'a')",
    "[1, 'a']",
    "{'a': 1, 'b': 'x'}",
  ]) {
    assert.throws(() => compile(baseEnv, expression), CelCompileError, expression);
  }
});

test('literals that can only fail are refused', () => {
  const table: readonly (readonly [string, string])[] = [
    ["'a'.matches('(')", "ERROR: <input>:1:13: invalid matches argument\n | 'a'.matches('(')\n | ............^"],
    [
      "duration('1x') > duration('1s')",
      "ERROR: <input>:1:10: invalid duration argument\n | duration('1x') > duration('1s')\n | .........^",
    ],
    [
      "timestamp('yesterday') != null",
      "ERROR: <input>:1:11: invalid timestamp argument\n | timestamp('yesterday') != null\n | ..........^",
    ],
  ];
  for (const [expression, message] of table) assert.throws(() => compile(baseEnv, expression), { message }, expression);
});
