// Requests that the server makes of itself, past the chain: the end of a custom resource's instances.
import type { UserInfo } from '#client/transport.ts';
import type { Backend, Context } from '../chain.ts';
import type { ResourceRow } from '../resources/row.ts';

const self: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

/** The context of a deletion that nobody asked for from outside. */
export function deletionContext(backend: Backend, row: ResourceRow, signal: AbortSignal): Context {
  const path = `/apis/${row.group}/${row.version}/${row.resource}`;
  return {
    call: {
      method: 'DELETE',
      path,
      query: '',
      params: new URLSearchParams(),
      headers: {},
      httpVersion: 'loopback',
      remoteAddress: '127.0.0.1',
      peer: undefined,
      signal,
      user: self,
      object: undefined,
      body: (async function* () {})(),
    },
    info: {
      isResource: true,
      path,
      verb: 'delete',
      group: row.group,
      version: row.version,
      resource: row.resource,
      subresource: '',
      namespace: '',
      name: '',
      rest: [],
    },
    user: self,
    warnings: [],
    backend,
  };
}
