import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directoryPage, pathBelow } from './systemlogs.ts';

test('paths stay below the directory', () => {
  assert.equal(pathBelow(''), '');
  assert.equal(pathBelow('/apt/history.log'), 'apt/history.log');
  assert.equal(pathBelow('/../../etc/passwd'), 'etc/passwd');
  assert.equal(pathBelow('/a/%2e%2e/%2e%2e/etc'), 'etc');
  assert.equal(pathBelow('/%E0%A4'), undefined);
  assert.equal(pathBelow('/a%00b'), undefined);
});

test('a directory is a page of links', () => {
  const page = directoryPage(['a&b', 'pods/']);
  assert.match(page, /^<!doctype html>\n.*\n<pre>\n/);
  assert.ok(page.includes('<a href="a%26b">a&amp;b</a>\n<a href="pods/">pods/</a>\n</pre>'));
});
