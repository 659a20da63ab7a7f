// The objects that a binding gives to its policy as `params`.
import type { ParamKind } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import type { ParamRef } from '#api/admissionregistration/v1/validatingadmissionpolicybinding.ts';
import { type KubeObject, parseApiVersion } from '#api/object.ts';
import { selectorOf } from '#format/selector.ts';
import { newest } from '../../registry/persist.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Resource } from '../../registry/resource.ts';

/** The policy or binding is set up wrongly; the message says how. */
export class ConfigurationError extends Error {}

function gvkText({ apiVersion = '', kind = '' }: ParamKind): string {
  return `${apiVersion}, Kind=${kind}`;
}

/** The resource of a kind of parameters. */
export function paramResource(registry: Registry, kind: ParamKind): Resource {
  const { group, version } = parseApiVersion(kind.apiVersion ?? '');
  const row = registry.rows.find((each) => each.group === group && each.version === version && each.kind === kind.kind);
  const resource = row && registry.find(group, version, row.resource);
  if (!resource) throw new ConfigurationError(`failed to find resource referenced by paramKind: '${gvkText(kind)}'`);
  return resource;
}

export interface ParamSource {
  readonly registry: Registry;
  /** Of the request. */
  readonly namespace: string;
  readonly kind: ParamKind | undefined;
  readonly ref: ParamRef | undefined;
}

/** The parameters of a binding; `[undefined]`: one evaluation without any. Throws ConfigurationError. */
export async function collectParams({ registry, namespace, kind, ref }: ParamSource): Promise<readonly (KubeObject | undefined)[]> {
  if (!kind || !ref) return [undefined];
  const resource = paramResource(registry, kind);
  let within = '';
  if (resource.row.namespaced) {
    within = ref.namespace || namespace;
    if (within === '') {
      throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
    }
  } else if (ref.namespace) {
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  const params = await find(registry, resource, within, ref);
  if (params.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  return params;
}

async function find(registry: Registry, resource: Resource, namespace: string, ref: ParamRef): Promise<readonly KubeObject[]> {
  if (ref.name) {
    const entry = await newest(registry, resource, resource.key(namespace, ref.name));
    return entry ? [resource.view(entry).object] : [];
  }
  const selector = selectorOf(ref.selector ?? {});
  const all = Array.from(resource.table.range(resource.keyPrefix(namespace)), (entry) => resource.view(entry).object);
  return all.filter(({ metadata }) => selector.matches(metadata.labels ?? {}));
}
