// An older kubectl on every kind: 1.32, or the newest other one that is on this machine.
import { test } from 'node:test';
import { otherKubectls } from '../../support/kubectl.ts';
import { testEveryKind } from './everykind.ts';

const others = otherKubectls();
const older = others.find(({ version }) => version === '1.32') ?? others.at(-1);
if (older) testEveryKind(older);
else test('an older kubectl on every kind', { skip: 'no other version is on this machine' }, () => {});
