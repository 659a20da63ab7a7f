// Field selectors: the paths that a resource offers, and their values as text.
import { badRequest } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceRow } from '../resources/row.ts';

type Getter = (object: KubeObject) => string;

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : String(value as number | boolean);
}

function at(path: string): Getter {
  const parts = path.split('.');
  return (object) => {
    let value: unknown = object;
    for (const part of parts) {
      if (typeof value !== 'object' || value === null) return '';
      value = (value as Record<string, unknown>)[part];
    }
    return text(value);
  };
}

interface EventLike {
  readonly source?: { readonly component?: string };
  readonly reportingComponent?: string;
}

// Values that are not simply the text at the path, with what an absent field means.
const special: Readonly<Record<string, Getter>> = {
  'spec.unschedulable': (object) => at('spec.unschedulable')(object) || 'false',
  'spec.hostNetwork': (object) => at('spec.hostNetwork')(object) || 'false',
  'status.replicas': (object) => at('status.replicas')(object) || '0',
  'status.podIPs': (object) =>
    ((object as { status?: { podIPs?: readonly { ip?: string }[] } }).status?.podIPs ?? []).map((entry) => entry.ip ?? '').join(','),
  source: (object) => (object as EventLike).source?.component || (object as EventLike).reportingComponent || '',
};

const getters = new Map<string, Getter>();

function getterOf(path: string): Getter {
  let getter = getters.get(path);
  if (!getter) {
    getter = special[path] ?? at(path);
    getters.set(path, getter);
  }
  return getter;
}

/** The getter of a field label of a resource; throws the 400 that Kubernetes gives for a label that it does not offer. */
export function fieldGetter(row: ResourceRow, label: string): { readonly path: string; readonly value: Getter } {
  for (const offered of row.fieldSelectors) {
    const arrow = offered.indexOf('=>');
    if (arrow < 0 ? offered === label : offered.slice(0, arrow) === label) {
      const path = arrow < 0 ? offered : offered.slice(arrow + 2);
      return { path, value: getterOf(path) };
    }
  }
  const plain = !row.custom && row.fieldSelectors.every((path) => path === 'metadata.name' || path === 'metadata.namespace');
  if (label === 'metadata.name' || (label === 'metadata.namespace' && plain)) return { path: label, value: getterOf(label) };
  throw badRequest(
    plain
      ? `${JSON.stringify(label)} is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${label}`,
  );
}
