// Many want to know the newest revision at the same time: one question answers all who asked before it was sent.

export class NewestRevision {
  readonly #ask: () => Promise<number>;
  #running: Promise<unknown> | undefined;
  #next: Promise<number> | undefined;

  constructor(ask: () => Promise<number>) {
    this.#ask = ask;
  }

  /** At least the revision of everything that was acknowledged before the call. */
  read(): Promise<number> {
    // The question under way may have been answered already: it is of no use for those who come now.
    this.#next ??= this.#running === undefined ? this.#start() : this.#running.then(() => this.#start());
    return this.#next;
  }

  async #start(): Promise<number> {
    await Promise.resolve(); // those of the same turn join
    this.#next = undefined;
    const asked = this.#ask();
    const settled = asked.then(
      () => {},
      () => {},
    );
    this.#running = settled;
    void settled.then(() => {
      if (this.#running === settled) this.#running = undefined;
    });
    return await asked;
  }
}
