// kubectl 1.35 on every kind.
import { kubectlPath } from '../../support/kubectl.ts';
import { testEveryKind } from './everykind.ts';

testEveryKind({ version: '1.35', path: kubectlPath() });
