// What the node remembers of its pulls, in the form of kubelet's files (kubelet.config.k8s.io/v1beta1): pure.
import { isObject } from '#format/own.ts';

/** A secret whose credentials have pulled an image. */
export interface PullSecret {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Of the credentials themselves. */
  readonly credentialHash: string;
}

export interface PullServiceAccount {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

/** Who has pulled an image. */
export interface PullCredentials {
  readonly kubernetesSecrets?: readonly PullSecret[];
  readonly kubernetesServiceAccounts?: readonly PullServiceAccount[];
  /** No credentials were needed, or those that all pods of the node have. */
  readonly nodePodsAccessible?: boolean;
}

export interface PulledRecord {
  /** RFC 3339, to the second. */
  readonly lastUpdatedTime: string;
  /** What the runtime calls the image. */
  readonly imageRef: string;
  /** By the image's name without tag and digest. */
  readonly credentialMapping: Readonly<Record<string, PullCredentials>>;
}

const apiVersion = 'kubelet.config.k8s.io/v1beta1';
const readable = new Set([apiVersion, 'kubelet.config.k8s.io/v1alpha1']);

/** The text of an ImagePullIntent. */
export const intentText = (image: string): string => `${JSON.stringify({ kind: 'ImagePullIntent', apiVersion, image })}\n`;

/** The text of an ImagePulledRecord. */
export const recordText = (record: PulledRecord): string => `${JSON.stringify({ kind: 'ImagePulledRecord', apiVersion, ...record })}\n`;

/** Reads a file; throws when it is none of this kind, or has fields that nobody knows. */
function read(text: string, kind: string, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || value['kind'] !== kind || !readable.has(String(value['apiVersion']))) throw new Error(`it is no ${kind}`);
  return only(value, ['kind', 'apiVersion', ...fields]);
}

function only(value: Readonly<Record<string, unknown>>, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const unknown = Object.keys(value).find((field) => !fields.includes(field));
  if (unknown !== undefined) throw new Error(`strict decoding error: unknown field ${JSON.stringify(unknown)}`);
  return value;
}

function text(value: Readonly<Record<string, unknown>>, field: string): string {
  const found = value[field] ?? '';
  if (typeof found !== 'string') throw new Error(`${field} must be a string`);
  return found;
}

function objects<T>(value: Readonly<Record<string, unknown>>, field: string, fields: readonly (keyof T & string)[]): T[] {
  const list = value[field] ?? [];
  if (!Array.isArray(list) || !list.every(isObject)) throw new Error(`${field} must be a list of objects`);
  return list.map((entry) => {
    only(entry, fields);
    return Object.fromEntries(fields.map((name) => [name, text(entry, name)])) as T;
  });
}

const coordinates = ['uid', 'namespace', 'name'] as const;

function credentials(value: unknown): PullCredentials {
  if (!isObject(value)) throw new Error('credentialMapping must be a map of objects');
  only(value, ['kubernetesSecrets', 'kubernetesServiceAccounts', 'nodePodsAccessible']);
  const open = value['nodePodsAccessible'] ?? false;
  if (typeof open !== 'boolean') throw new Error('nodePodsAccessible must be true or false');
  const secrets = objects<PullSecret>(value, 'kubernetesSecrets', [...coordinates, 'credentialHash']);
  const accounts = objects<PullServiceAccount>(value, 'kubernetesServiceAccounts', coordinates);
  return {
    ...(secrets.length > 0 ? { kubernetesSecrets: secrets } : {}),
    ...(accounts.length > 0 ? { kubernetesServiceAccounts: accounts } : {}),
    ...(open ? { nodePodsAccessible: true } : {}),
  };
}

/** The image of an ImagePullIntent. Throws when the text is none. */
export function readIntent(content: string): string {
  const image = text(read(content, 'ImagePullIntent', ['image']), 'image');
  if (image === '') throw new Error('it names no image');
  return image;
}

/** Reads an ImagePulledRecord. Throws when the text is none. */
export function readRecord(content: string): PulledRecord {
  const value = read(content, 'ImagePulledRecord', ['lastUpdatedTime', 'imageRef', 'credentialMapping']);
  const mapping = value['credentialMapping'] ?? {};
  if (!isObject(mapping)) throw new Error('credentialMapping must be a map of objects');
  return {
    lastUpdatedTime: text(value, 'lastUpdatedTime'),
    imageRef: text(value, 'imageRef'),
    credentialMapping: Object.fromEntries(Object.entries(mapping).map(([image, entry]) => [image, credentials(entry)])),
  };
}

type Coordinates = Pick<PullSecret, (typeof coordinates)[number]>;

export const sameCoordinates = (a: Coordinates, b: Coordinates): boolean => coordinates.every((field) => a[field] === b[field]);
const order = (a: Coordinates, b: Coordinates): number => {
  const keys = [a, b].map(({ namespace, name, uid }) => [namespace, name, uid]) as [string[], string[]];
  for (const [index, part] of keys[0].entries()) {
    const other = keys[1][index] as string;
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
};

/** A list with an entry in the place of the one that has the same coordinates; the same list when nothing changes. */
function merged<T extends Coordinates>(list: readonly T[], added: readonly T[], same: (a: T, b: T) => boolean): readonly T[] {
  if (added.every((entry) => list.some((known) => same(known, entry)))) return list;
  return [...list.filter((known) => !added.some((entry) => sameCoordinates(known, entry))), ...added].toSorted(order);
}

/** Credentials with new ones; the very same object when they say nothing new. */
function mergedCredentials(known: PullCredentials | undefined, added: PullCredentials): PullCredentials | undefined {
  if (known?.nodePodsAccessible) return known;
  if (added.nodePodsAccessible) return { nodePodsAccessible: true };
  const secrets = known?.kubernetesSecrets ?? [];
  const accounts = known?.kubernetesServiceAccounts ?? [];
  const allSecrets = merged(
    secrets,
    added.kubernetesSecrets ?? [],
    (a, b) => sameCoordinates(a, b) && a.credentialHash === b.credentialHash,
  );
  const allAccounts = merged(accounts, added.kubernetesServiceAccounts ?? [], sameCoordinates);
  if (allSecrets === secrets && allAccounts === accounts) return known;
  return {
    ...(allSecrets.length > 0 ? { kubernetesSecrets: allSecrets } : {}),
    ...(allAccounts.length > 0 ? { kubernetesServiceAccounts: allAccounts } : {}),
  };
}

/** The record after a pull; the very same object when there is nothing new to it. Without credentials it only says: pulled here. */
export function recordAfter(
  record: PulledRecord | undefined,
  pull: { readonly imageRef: string; readonly name: string; readonly credentials?: PullCredentials; readonly now: string },
): PulledRecord {
  const mapping = record?.credentialMapping ?? {};
  const known = mapping[pull.name];
  const after = pull.credentials ? mergedCredentials(known, pull.credentials) : known;
  if (record && after === known) return record;
  return {
    lastUpdatedTime: pull.now,
    imageRef: pull.imageRef,
    credentialMapping: after ? { ...mapping, [pull.name]: after } : mapping,
  };
}
