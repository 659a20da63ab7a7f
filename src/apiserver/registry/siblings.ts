// Objects that come in rows (the pods of a template) share what they have in common also after admission, which adds the same
// to each of them: one spec in memory for all, judged once and encoded once.
import type { KubeObject } from '#api/object.ts';
import { rulesOf } from '#api/rules.ts';
import type { Struct } from '#api/dsl.ts';
import { Recent } from '#base/recent.ts';
import { shareWith } from './share.ts';

type Loose = Readonly<Record<string, unknown>>;

export class Siblings {
  /** By the common member as it was sent: what became of it the last time. */
  readonly #became = new Recent<unknown, { common: unknown }>();

  /** The object about to be created with what its last sibling has, too. `sent`: as it was decoded. */
  share<T extends KubeObject>(struct: Struct, sent: KubeObject, object: T): T {
    const name = rulesOf(struct)?.siblings;
    if (name === undefined) return object;
    const origin = (sent as unknown as Loose)[name];
    const common = (object as unknown as Loose)[name];
    const became = this.#became.find(origin);
    if (became === undefined) {
      this.#became.add(origin, { common });
      return object;
    }
    const shared = shareWith(common, became.common);
    became.common = shared;
    return shared === common ? object : { ...object, [name]: shared };
  }
}
