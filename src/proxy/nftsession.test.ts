import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isShort, oneLine, verdict } from './nftsession.ts';

const complaint = (word: string): string => `Error: syntax error, unexpected newline, expecting string\n${word}\n       ^\n`;

test('a script has been taken when nft complains about nothing but the word behind it', () => {
  assert.equal(verdict('', 'end_7_'), undefined);
  assert.equal(verdict(complaint('end_7_').slice(0, 20), 'end_7_'), undefined);
  assert.equal(verdict(complaint('end_7_'), 'end_7_'), '');
  assert.equal(verdict(complaint('end_7_'), 'end_71_'), undefined);
});

test('an echo of what was typed is no error', () => {
  const echo = 'nft> add element ip t s { 1.2.3.4 }\nnft> end_3_\n';
  assert.equal(verdict(echo, 'end_3_'), undefined);
  assert.equal(verdict(echo + complaint('end_3_'), 'end_3_'), '');
});

test('errors before it are the script’s', () => {
  const error = 'Error: Could not process rule: No such file or directory\nadd element ip t s { 1.2.3.4 }\n            ^\n';
  assert.match(verdict(error + complaint('end_9_'), 'end_9_') ?? '', /^Error: Could not process rule: No such file/);
});

test('several commands become one line, and so one transaction', () => {
  assert.equal(oneLine('delete element ip t s { 1 }\nadd element ip t s { 2 }\n'), 'delete element ip t s { 1 }; add element ip t s { 2 }');
  assert.equal(isShort('add element ip t s { 2 }\n'), true);
  assert.equal(isShort('table ip t {\n}\n'), false);
  assert.equal(isShort('x'.repeat(10_000)), false);
});
