// The rules (x-kubernetes-validations) of custom resources, as admission plug-ins, so that CEL is only loaded by servers
// that need it; to clients they are part of validation.
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { type FieldError, fieldErrorText } from '#api/fielderror.ts';
import { invalid } from '#api/status.ts';
import { lazy } from '#base/lazy.ts';
import { hasRules, type Schema } from '#api/structural/schema.ts';
import type { ResourceRow } from '../resources/row.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const loadRules = lazy(() => import('../cel/rules.ts'));
const loadChecks = lazy(() => import('../cel/rulecheck.ts'));

const isDefinition = ({ group, resource }: ResourceRow): boolean =>
  group === 'apiextensions.k8s.io' && resource === 'customresourcedefinitions';

async function apply(schema: Schema, { object, oldObject, row, name, ctx }: AdmissionAttributes): Promise<void> {
  const { applyRules, ruleTree } = await loadRules();
  const tree = ruleTree(schema);
  if (!tree) return;
  const { errors, tolerated } = applyRules(tree, object, oldObject);
  ctx.warnings.push(...tolerated.map(fieldErrorText));
  refuse(errors, row, name);
}

async function check({ object, row, name }: AdmissionAttributes): Promise<void> {
  const { checkDefinitionRules } = await loadChecks();
  refuse(checkDefinitionRules(object as CustomResourceDefinition), row, name);
}

function refuse(errors: readonly FieldError[], { group, kind }: ResourceRow, name: string): void {
  if (errors.length > 0) throw invalid({ group, kind }, name, errors);
}

/** Checks the rules of definitions when they are written, and applies them to custom resources. */
export const customRules: AdmissionPlugin = {
  name: 'CustomResourceRules',
  handles: (row, operation, subresource) =>
    (operation === 'CREATE' || operation === 'UPDATE') && (row.custom !== undefined || (isDefinition(row) && subresource === '')),
  validate(attributes) {
    const { row, object } = attributes;
    if (row.custom) return hasRules(row.custom.schema) ? apply(row.custom.schema, attributes) : undefined;
    const { versions } = (object as CustomResourceDefinition).spec;
    return versions.some(({ schema }) => hasRules(schema?.openAPIV3Schema)) ? check(attributes) : undefined;
  },
};
