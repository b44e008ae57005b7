/** How items wait. */
export interface BacklogOptions<T> {
  /** An item without a key waits for no other. */
  readonly keyOf?: ((item: T) => string) | undefined;
  /** Told of each item that is held back by one of its key. */
  readonly onHeldBack?: ((item: T) => void) | undefined;
}

/**
 * Items that wait for their turn: those of one key in their order and one at a time, those of other keys past
 * them.
 */
export class Backlog<T> {
  readonly #options: BacklogOptions<T>;
  readonly #keys = new Map<T, string>();
  readonly #ready: T[] = [];
  /** Items that were taken before, and have their turn again: their key is still theirs. */
  readonly #again: T[] = [];
  /** Items whose key has just become free: theirs is the next turn, and the key is theirs already. */
  readonly #next: T[] = [];
  /** Items that are held back, by the key that is taken. */
  readonly #waiting = new Map<string, T[]>();
  #heldBack = 0;

  constructor(options: BacklogOptions<T> = {}) {
    this.#options = options;
  }

  /** Items whose turn may have come. */
  get ready(): number {
    return this.#again.length + this.#next.length + this.#ready.length;
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
    return this.takeAgain() ?? this.#next.shift() ?? this.#takeReady();
  }

  /** The next of the items that were taken before; undefined when there is none. */
  takeAgain(): T | undefined {
    return this.#again.shift();
  }

  /** An item that was taken, and is not done, has its turn again. */
  again(item: T): void {
    this.#again.push(item);
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

  /**
   * Forgets the items that wait for nothing but a turn, with those of their keys, and returns them. What comes
   * after an item of its key that was taken stays.
   */
  takeBack(): T[] {
    const items = this.#next.flatMap((item) => [item, ...this.#giveUpKey(item)]);
    this.#next.length = 0;
    for (let item = this.#ready.shift(); item !== undefined; item = this.#ready.shift()) {
      const key = this.#keys.get(item);
      if (key !== undefined && this.#waiting.has(key)) this.#holdBack(item, key);
      else items.push(item);
    }
    for (const item of items) this.#keys.delete(item);
    return items;
  }

  /** Forgets all that waits, and gives it back. */
  clear(): T[] {
    const all = [...this];
    for (const item of [...this.#again, ...this.#next]) this.#giveUpKey(item);
    for (const waiting of this.#waiting.values()) waiting.length = 0;
    for (const item of all) this.#keys.delete(item);
    this.#again.length = 0;
    this.#next.length = 0;
    this.#ready.length = 0;
    this.#heldBack = 0;
    return all;
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#again;
    yield* this.#next;
    for (const waiting of this.#waiting.values()) yield* waiting;
    yield* this.#ready;
  }

  /** The key of an item is free; returns those that waited for it. */
  #giveUpKey(item: T): readonly T[] {
    const key = this.#keys.get(item);
    if (key === undefined) return [];
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    this.#heldBack -= waiting.length;
    return waiting;
  }

  #takeReady(): T | undefined {
    for (let item = this.#ready.shift(); item !== undefined; item = this.#ready.shift()) {
      const key = this.#keys.get(item);
      if (key === undefined) return item;
      if (!this.#waiting.has(key)) {
        this.#waiting.set(key, []);
        return item;
      }
      this.#holdBack(item, key);
    }
    return undefined;
  }

  #holdBack(item: T, key: string): void {
    this.#waiting.get(key)?.push(item);
    this.#heldBack += 1;
    this.#options.onHeldBack?.(item);
  }

  #tellKey(item: T): string | undefined {
    try {
      return this.#options.keyOf?.(item);
    } catch {
      return undefined;
    }
  }
}
