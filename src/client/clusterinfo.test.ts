import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { realDigest } from '#host/digest.ts';
import { isSignedBy, signClusterInfo } from './clusterinfo.ts';

const token = { id: 'abcdef', secret: '0123456789abcdef' };

test('the signature is a JSON web signature by the secret', () => {
  const signature = signClusterInfo(realDigest, 'text\n', token);
  const [header = '', payload, mark] = signature.split('.');
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'HS256', kid: 'abcdef' });
  assert.equal(payload, '');
  const signed = `${header}.${Buffer.from('text\n').toString('base64url')}`;
  assert.equal(mark, createHmac('sha256', token.secret).update(signed).digest('base64url'));
});

test('another text, another secret or no signature are told', () => {
  const signature = signClusterInfo(realDigest, 'text', token);
  assert.equal(isSignedBy(realDigest, { text: 'text', signature }, token), true);
  assert.equal(isSignedBy(realDigest, { text: 'other', signature }, token), false);
  assert.equal(isSignedBy(realDigest, { text: 'text', signature }, { ...token, secret: 'fedcba9876543210' }), false);
  assert.equal(isSignedBy(realDigest, { text: 'text', signature: '' }, token), false);
});
