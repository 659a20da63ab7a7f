import assert from 'node:assert/strict';
import { it } from 'node:test';
import { lasting, lastingCopy, lastingText } from './bytes.ts';

it('bytes that stay have memory of their own', () => {
  const text = 'für später';
  for (const bytes of [lasting(12), lastingText(text), lastingCopy(Buffer.from(text))]) assert.equal(bytes.buffer.byteLength, bytes.length);
  assert.equal(lastingText(text).toString(), text);
  assert.equal(lastingCopy(Buffer.from(text)).toString(), text);
  assert.equal(lastingText('').length, 0);
});
