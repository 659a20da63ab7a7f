// Query and path parameters of the API's operations, in our words.

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
  readonly required?: boolean;
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, in: 'query', type, description });
const path = (name: string, description: string): Parameter => ({ name, in: 'path', type: 'string', description, required: true });

export const pretty = query('pretty', 'string', 'If true, the answer is indented. On by default for browsers, curl and wget.');
export const dryRun = query('dryRun', 'string', 'With the value All, everything is done except storing the result.');
export const fieldManager = query('fieldManager', 'string', 'Name of whoever makes the change; at most 128 printable characters.');
export const fieldValidation = query(
  'fieldValidation',
  'string',
  'What becomes of unknown and duplicate fields: Ignore drops them, Warn (the default) drops them and warns, Strict refuses the request.',
);
export const force = query('force', 'boolean', 'Take over fields that other managers own. Only for apply requests.');

export const listParameters: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Send BOOKMARK events now and then, which carry only a resourceVersion.'),
  query('continue', 'string', 'Token of the previous page. The server may refuse old tokens with 410 Gone.'),
  query('fieldSelector', 'string', 'Only objects whose fields match.'),
  query('labelSelector', 'string', 'Only objects whose labels match.'),
  query('limit', 'integer', 'At most this many objects; the answer then carries a token for the next page.'),
  query('resourceVersion', 'string', 'The version that the answer must have or, by default, must at least have.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'Begin a watch with ADDED events for what is there, then a bookmark.'),
  query('timeoutSeconds', 'integer', 'Seconds after which the server ends the request.'),
  query('watch', 'boolean', 'Stream changes instead of listing.'),
];

export const deleteParameters: readonly Parameter[] = [
  query('gracePeriodSeconds', 'integer', 'Seconds until the object is gone; 0 means at once.'),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean', 'Delete an object that cannot be read from the store any more.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
];

export const namespaceParameter = path('namespace', 'Namespace of the object.');
export const nameParameter = (kind: string): Parameter => path('name', `Name of the ${kind}.`);
export const pathParameter = path('path', 'Path at the target.');

const container = query('container', 'string', 'The container; may be left out when the pod has only one.');
const streams = (stdin: boolean): readonly Parameter[] => [
  container,
  query('stderr', 'boolean', 'Send the error output.'),
  query('stdin', 'boolean', `Send input to the ${stdin ? 'command' : 'container'}.`),
  query('stdout', 'boolean', 'Send the output.'),
  query('tty', 'boolean', 'Use a terminal.'),
];

/** Query parameters of subresources that are not about objects. */
export const subresourceParameters: Readonly<Record<string, readonly Parameter[]>> = {
  exec: [query('command', 'string', 'The command and its arguments, one parameter each.'), ...streams(true)],
  attach: streams(false),
  portforward: [query('ports', 'integer', 'Ports to forward, for WebSocket clients.')],
  proxy: [query('path', 'string', 'Path at the target.')],
  log: [
    container,
    query('follow', 'boolean', 'Go on sending what the container writes.'),
    query('insecureSkipTLSVerifyBackend', 'boolean', "Do not check the certificate of the node's agent."),
    query('limitBytes', 'integer', 'At most this many bytes.'),
    pretty,
    query('previous', 'boolean', 'The log of the instance before the present one.'),
    query('sinceSeconds', 'integer', 'Only what was written in the last so many seconds.'),
    query('stream', 'string', 'All, Stdout or Stderr.'),
    query('tailLines', 'integer', 'Only this many lines from the end.'),
    query('timestamps', 'boolean', 'Put the time before every line.'),
  ],
};
