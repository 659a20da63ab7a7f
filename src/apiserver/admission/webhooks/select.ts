// Whether a webhook whose rules match wants this very object: selectors of its namespace and of its labels.
import type { Namespace } from '#api/core/v1/namespace.ts';
import type { KubeObject } from '#api/object.ts';
import { Namespaces } from '#api/refs.ts';
import type { Selector } from '#format/selector.ts';
import type { AdmissionAttributes } from '../plugin.ts';

const noLabels: Readonly<Record<string, string>> = {};

export interface Selectors {
  readonly namespaces: Selector;
  readonly objects: Selector;
}

const isNamespace = ({ row }: AdmissionAttributes): boolean => row.group === '' && row.resource === 'namespaces';

/** The namespace that a request is in (for namespaces: is); undefined for what is in none. Throws StatusError 404. */
export async function namespaceOf(attributes: AdmissionAttributes): Promise<Namespace | undefined> {
  const { row, namespace, name, operation, subresource, object, ctx } = attributes;
  if (isNamespace(attributes)) {
    if (object && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')) return object as Namespace;
    return ctx.backend.get(Namespaces, name);
  }
  if (!row.namespaced) return undefined;
  return ctx.backend.peek(Namespaces, namespace) ?? ctx.backend.get(Namespaces, namespace);
}

const selects = (selector: Selector, object: KubeObject | undefined): boolean =>
  object?.metadata !== undefined && selector.matches(object.metadata.labels ?? noLabels);

/** True when both selectors pick the request's object. Objects that bear no labels are picked only by an empty selector. */
export async function selectorsMatch({ namespaces, objects }: Selectors, attributes: AdmissionAttributes): Promise<boolean> {
  if (!namespaces.empty) {
    const namespace = await namespaceOf(attributes);
    if (namespace && !namespaces.matches(namespace.metadata.labels ?? noLabels)) return false;
  }
  return objects.empty || selects(objects, attributes.object) || selects(objects, attributes.oldObject);
}
