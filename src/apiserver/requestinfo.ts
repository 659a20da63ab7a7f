// What a path asks for: /api/v1/namespaces/{ns}/{resource}/{name}/{subresource}, /apis/{group}/{version}/…, or no resource at all.
import { badRequest } from '#api/status.ts';
import type { RequestInfo } from './chain.ts';

const methodVerbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const namespaceSubresources = new Set(['status', 'finalize']);

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`invalid URL escape ${JSON.stringify(segment)}`);
  }
}

function nonResource(method: string, path: string): RequestInfo {
  return {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    rest: [],
  };
}

/** True for the query texts that Kubernetes reads as a true boolean. */
export function isTrue(value: string | null): boolean {
  if (value === null) return false;
  // An empty value (`?watch`) means true; only these texts mean false.
  return !['false', '0', 'f', 'F', 'FALSE', 'False'].includes(value);
}

/** Parses method, path and query. */
export function parseRequestInfo(method: string, path: string, params: URLSearchParams): RequestInfo {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeSegment);
  const plain = (): RequestInfo => nonResource(method, path);
  const prefix = parts.shift();
  if (prefix !== 'api' && prefix !== 'apis') return plain();
  if (parts.length < (prefix === 'api' ? 2 : 3)) return plain();
  const group = prefix === 'apis' ? (parts.shift() as string) : '';
  const version = parts.shift() as string;
  let verb = methodVerbs[method] ?? '';
  let legacyWatch = false;
  if (parts[0] === 'watch') {
    if (parts.length < 2) return plain();
    parts.shift();
    legacyWatch = true;
  }
  let namespace = '';
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1] as string;
    if (parts.length > 2 && !namespaceSubresources.has(parts[2] as string)) parts.splice(0, 2);
  }
  const [resource = '', pathName = '', subresource = '', ...rest] = parts;
  let name = pathName;
  if (verb === 'get' && name === '') {
    verb = legacyWatch || isTrue(params.get('watch')) ? 'watch' : 'list';
    name = nameOfSelector(params);
  } else if (verb === 'get' && subresource === '' && (legacyWatch || isTrue(params.get('watch')))) verb = 'watch';
  else if (verb === 'delete' && name === '') verb = 'deletecollection';
  return { isResource: true, path, verb, group, version, resource, subresource, namespace, name, rest };
}

// A list or watch of one object by field selector is authorized by that name, as kubelets need it.
function nameOfSelector(params: URLSearchParams): string {
  const selector = params.get('fieldSelector');
  if (!selector) return '';
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?([^=!]*)$/.exec(term.trim());
    if (match && /^[A-Za-z0-9.:_-]+$/.test(match[1] as string)) return match[1] as string;
  }
  return '';
}
