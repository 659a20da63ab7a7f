import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mustVerify, patternProblem, type VerificationPolicy } from './verification.ts';

const policies: readonly (readonly [VerificationPolicy, boolean, boolean])[] = [
  ['NeverVerify', false, false],
  ['NeverVerifyPreloadedImages', true, false],
  ['NeverVerifyAllowlistedImages', true, true],
  ['AlwaysVerify', true, true],
];
for (const [policy, pulled, preloaded] of policies) {
  test(`${policy}: images pulled here, and others`, () => {
    const verification = { policy, allowlist: [] };
    assert.equal(mustVerify(verification, 'r.io/a:1', true), pulled);
    assert.equal(mustVerify(verification, 'r.io/a:1', false), preloaded);
  });
}

const listed: readonly (readonly [string, string, boolean])[] = [
  ['r.io/a', 'r.io/a:1', true],
  ['r.io/a', `r.io/a@sha256:${'0'.repeat(64)}`, true],
  ['r.io/a', 'r.io/a/b:1', false],
  ['r.io/a', 'r.io/ab', false],
  ['r.io/team/*', 'r.io/team/deep/b', true],
  ['r.io/team/*', 'r.io/teams/b', false],
  ['r.io/*', 'other.io/b', false],
  ['docker.io/library/busybox', 'busybox', true],
];
for (const [pattern, image, free] of listed) {
  test(`${pattern} is ${free ? '' : 'not '}for ${image}`, () => {
    const verification = { policy: 'NeverVerifyAllowlistedImages', allowlist: [pattern] } as const;
    assert.equal(mustVerify(verification, image, true), !free);
  });
}

const problems: readonly (readonly [string, RegExp | undefined])[] = [
  ['r.io/a', undefined],
  ['r.io/*', undefined],
  [' r.io/a', /^leading\/trailing spaces are not allowed: {2}r.io\/a$/],
  ['', /too short/],
  ['/*', /^at least registry hostname is required$/],
  ['r.io/a*', /only patterns ending with '\/\*' are allowed: r.io\/a\*$/],
  ['*.io/*', /only patterns ending/],
  ['r.io/a:1', /^neither tag nor digest is accepted in an image reference: r.io\/a:1$/],
  ['busybox', /^neither tag nor digest/],
  ['r.io/A', /^failed to parse as an image name: invalid reference format$/],
];
for (const [pattern, problem] of problems) {
  test(`the pattern ${JSON.stringify(pattern)} is ${problem ? 'wrong' : 'right'}`, () => {
    if (problem) assert.match(patternProblem(pattern) ?? '', problem);
    else assert.equal(patternProblem(pattern), undefined);
  });
}
