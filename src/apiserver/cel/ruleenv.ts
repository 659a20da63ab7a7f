// The environments of rules: `self`, and `oldSelf` where a rule compares with what was before.
import type { Checked } from '#format/cel/checker.ts';
import type { Env } from '#format/cel/env.ts';
import { optionalOf } from '#format/cel/types.ts';
import { baseEnv } from './environment.ts';
import type { SchemaType, SchemaTypes } from './schematype.ts';

const known = new WeakMap<SchemaType, Map<boolean, Env>>();

/** The environment of rules at a place of a schema. */
export function ruleEnvs(type: SchemaType, { provider }: Pick<SchemaTypes, 'provider'>, optionalOldSelf: boolean): Env {
  let envs = known.get(type);
  if (!envs) known.set(type, (envs = new Map()));
  let env = envs.get(optionalOldSelf);
  if (!env) {
    env = baseEnv.extend({
      types: provider,
      variables: [
        { name: 'self', type: type.cel },
        { name: 'oldSelf', type: optionalOldSelf ? optionalOf(type.cel) : type.cel },
      ],
    });
    envs.set(optionalOldSelf, env);
  }
  return env;
}

/** True for transition rules: they speak of the state before. */
export function usesOldSelf({ references }: Checked): boolean {
  for (const reference of references.values()) if (reference.kind === 'variable' && reference.variable.name === 'oldSelf') return true;
  return false;
}
