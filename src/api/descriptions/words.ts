// What `kubectl explain` says about types and fields, in our words.

export interface Words {
  readonly type?: string;
  readonly fields: Readonly<Record<string, string>>;
}

export type Entry = readonly [structName: string, words: Words];

/** Words about a type and its fields. */
export function words(structName: string, type: string, fields: Readonly<Record<string, string>> = {}): Entry {
  return [structName, { type, fields }];
}
