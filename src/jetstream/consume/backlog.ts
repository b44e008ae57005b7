/**
 * Items that wait for their turn: those of one key in their order and one at a time, those of other keys past
 * them.
 */
export class Backlog<T> {
  readonly #keyOf: ((item: T) => string) | undefined;
  readonly #keys = new Map<T, string>();
  readonly #ready: T[] = [];
  /** Items whose key has just become free: theirs is the next turn, and the key is theirs already. */
  readonly #next: T[] = [];
  /** Items that are held back, by the key that is taken. */
  readonly #waiting = new Map<string, T[]>();
  #heldBack = 0;

  /** @param keyOf An item without a key waits for no other. */
  constructor(keyOf?: (item: T) => string) {
    this.#keyOf = keyOf;
  }

  /** Items whose turn may have come. */
  get ready(): number {
    return this.#next.length + this.#ready.length;
  }

  /** Items that are held back by one of their key. */
  get heldBack(): number {
    return this.#heldBack;
  }

  add(item: T): void {
    const key = this.#tellKey(item);
    if (key !== undefined) this.#keys.set(item, key);
    this.#ready.push(item);
  }

  /** The item whose turn it is, whose key is taken until it is done; undefined when there is none. */
  take(): T | undefined {
    const next = this.#next.shift();
    if (next !== undefined) return next;
    for (let item = this.#ready.shift(); item !== undefined; item = this.#ready.shift()) {
      const key = this.#keys.get(item);
      if (key === undefined) return item;
      const waiting = this.#waiting.get(key);
      if (waiting === undefined) {
        this.#waiting.set(key, []);
        return item;
      }
      waiting.push(item);
      this.#heldBack += 1;
    }
    return undefined;
  }

  /** An item that was taken has been handled. */
  done(item: T): void {
    const key = this.#keys.get(item);
    if (key === undefined) return;
    this.#keys.delete(item);
    const next = this.#waiting.get(key)?.shift();
    if (next === undefined) return void this.#waiting.delete(key);
    this.#heldBack -= 1;
    this.#next.push(next);
  }

  /** Forgets all that waits, and gives it back. */
  clear(): T[] {
    const all = [...this];
    for (const item of this.#next) this.#waiting.delete(this.#keys.get(item) as string);
    for (const waiting of this.#waiting.values()) waiting.length = 0;
    for (const item of all) this.#keys.delete(item);
    this.#next.length = 0;
    this.#ready.length = 0;
    this.#heldBack = 0;
    return all;
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#next;
    for (const waiting of this.#waiting.values()) yield* waiting;
    yield* this.#ready;
  }

  #tellKey(item: T): string | undefined {
    try {
      return this.#keyOf?.(item);
    } catch {
      return undefined;
    }
  }
}
