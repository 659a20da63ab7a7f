// Type checking of policies against the kinds that they match. What is found are warnings in the status; the policy
// works on regardless. Loaded when the first policy is.
import type { ExpressionWarning, ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import { apiVersionOf, parseApiVersion } from '#api/object.ts';
import { CelCompileError, checkExpression } from '#format/cel/cel.ts';
import type { Env } from '#format/cel/env.ts';
import { Dyn, objectType } from '#format/cel/types.ts';
import { admissionEnv } from '../../cel/admissionenv.ts';
import { structTypes } from '../../cel/structtypes.ts';
import type { ResourceRow } from '../../resources/row.ts';
import { VariableSet } from './variables.ts';

const maxTypes = 10;

/** The kinds that rules name without wildcards, sorted. */
function matchedRows({ spec }: ValidatingAdmissionPolicy, rows: readonly ResourceRow[]): ResourceRow[] {
  const found = new Map<string, ResourceRow>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of spec.matchConstraints?.resourceRules ?? []) {
    if (apiGroups.some((group) => group.includes('*')) || apiVersions.some((version) => version.includes('*'))) continue;
    for (const row of rows) {
      if (found.size >= maxTypes) break;
      if (!apiGroups.includes(row.group) || !apiVersions.includes(row.version) || !resources.includes(row.resource)) continue;
      found.set(`${row.group}/${row.version}/${row.kind}`, row);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function environment(policy: ValidatingAdmissionPolicy, row: ResourceRow, rows: readonly ResourceRow[]): Env {
  const { paramKind } = policy.spec;
  const { group, version } = parseApiVersion(paramKind?.apiVersion ?? '');
  const param = paramKind && rows.find((each) => each.group === group && each.version === version && each.kind === paramKind.kind);
  const env = admissionEnv({
    namespaceObject: true,
    object: objectType(row.struct.name),
    ...(paramKind ? { params: param ? objectType(param.struct.name) : Dyn } : {}),
  }).extend({ types: structTypes(param ? [row.struct, param.struct] : [row.struct]) });
  return new VariableSet(env, policy.spec.variables ?? []).env;
}

/** Everything that looks wrong with the policy's expressions, given the kinds that it matches. */
export function typeCheck(policy: ValidatingAdmissionPolicy, rows: readonly ResourceRow[]): ExpressionWarning[] {
  const matched = matchedRows(policy, rows).map((row) => ({ row, env: environment(policy, row, rows) }));
  const warningOf = (expression: string): string =>
    matched
      .flatMap(({ row, env }) => {
        try {
          checkExpression(env, expression);
          return [];
        } catch (error) {
          if (!(error instanceof CelCompileError)) throw error;
          return [`${apiVersionOf(row)}, Kind=${row.kind}: ${error.message}\n`];
        }
      })
      .join('\n');
  const warnings: ExpressionWarning[] = [];
  for (const [index, { expression, messageExpression }] of (policy.spec.validations ?? []).entries()) {
    const at = `spec.validations[${index}]`;
    const warning = warningOf(expression);
    if (warning !== '') warnings.push({ fieldRef: `${at}.expression`, warning });
    const message = messageExpression ? warningOf(messageExpression) : '';
    if (message !== '') warnings.push({ fieldRef: `${at}.messageExpression`, warning: message });
  }
  return warnings;
}
