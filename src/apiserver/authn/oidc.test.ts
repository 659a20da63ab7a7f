// Tokens and claims of others, whatever they hold: a user or a refusal, never a crash.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { createWorld } from '#host/world.ts';
import { parseAuthenticationConfig } from './authenticationconfig.ts';
import { mapClaims } from './claimmapping.ts';

const { jwt, pki } = createWorld({ logLevel: 'silent' });
const options = { seed: 20_261_125, numRuns: 500 };

it('tokens that are none are not verified, whatever the keys are', async () => {
  const { publicKey, privateKey } = await pki.generateKey('ec');
  const { keys } = jwt.jwks([publicKey]);
  const good = jwt.sign({ sub: 'a' }, privateKey);
  assert.deepEqual(jwt.verifyWith(good, keys), { sub: 'a' });
  assert.equal(jwt.verifyWith(good, []), undefined);
  const part = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.tuple(part, part, part).map((parts) => parts.join('.')),
      ),
      (token) => {
        assert.equal(jwt.verifyWith(token, keys), undefined);
      },
    ),
    options,
  );
  const key = fc.record({
    kty: fc.constantFrom('EC', 'RSA', 'oct', ''),
    crv: fc.constantFrom('P-256', 'P-999'),
    x: fc.string(),
    y: fc.string(),
    n: fc.string(),
    e: fc.string(),
  });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 4 }), (strange) => assert.equal(jwt.verifyWith(good, strange), undefined)),
    options,
  );
});

it('claims give a user with a name, or an Error', async () => {
  const { issuers } = parseAuthenticationConfig({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: { url: 'https://x', audiences: ['a'] },
        claimMappings: { username: { claim: 'sub', prefix: '' }, groups: { claim: 'a.b', prefix: 'g:' }, uid: { claim: 'uid' } },
      },
    ],
  });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom('sub', 'a', 'uid', 'email'), fc.jsonValue()), async (claims) => {
      try {
        const user = await mapClaims(issuers[0] as never, claims);
        assert.ok(user.name !== '' && user.groups.every((group) => group.startsWith('g:')));
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof TypeError), String(error));
      }
    }),
    options,
  );
});

it('configurations are read or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.jsonValue().map((jwtPart) => ({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt: jwtPart })),
      ),
      (value) => {
        try {
          parseAuthenticationConfig(value);
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof TypeError), String(error));
        }
      },
    ),
    options,
  );
});
