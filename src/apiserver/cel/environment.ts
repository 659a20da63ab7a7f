// The environment that every CEL expression of the API starts from: what Kubernetes 1.35 offers.
import { Env } from '#format/cel/env.ts';
import { addresses } from '#format/cel/lib/addresses.ts';
import { authorizers } from '#format/cel/lib/authorizers.ts';
import { lists } from '#format/cel/lib/lists.ts';
import { optionals } from '#format/cel/lib/optionals.ts';
import { quantities } from '#format/cel/lib/quantities.ts';
import { regexes } from '#format/cel/lib/regexes.ts';
import { semvers } from '#format/cel/lib/semvers.ts';
import { sets } from '#format/cel/lib/sets.ts';
import { strings } from '#format/cel/lib/strings.ts';
import { urls } from '#format/cel/lib/urls.ts';
import { standard } from '#format/cel/standard.ts';
import { namedFormats } from './formats.ts';

/** What one evaluation of one expression may cost. */
export const perCallLimit = 1_000_000;
/** What all expressions of a policy, or of the rules of an object, may cost together. */
export const requestBudget = 10_000_000;
/** What all match conditions of a webhook or policy may cost together. */
export const matchConditionsBudget = 2_500_000;

/** Libraries and language of Kubernetes; extend it with variables. */
export const baseEnv: Env = new Env({
  libraries: [standard, optionals, strings, sets, lists, regexes, urls, quantities, addresses, semvers, authorizers, namedFormats],
  syntax: { optionals: true, twoVariables: true },
  homogeneous: true,
  checkLiterals: true,
});
