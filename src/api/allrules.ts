// Every type's rules, by file.
import type { TypeRules } from '#api/walk/typerules.ts';

export const allRules: readonly TypeRules[] = [];
