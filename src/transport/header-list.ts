import type { HeaderValues } from '../log/message-log.js';

/** Headers that a builder collects one by one. */
export class HeaderList {
  readonly #values = new Map<string, string[]>();

  append(name: string, value: string): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
  }

  /** The option `headers`; an empty object when there are no headers. */
  toOption(): { headers?: HeaderValues } {
    return this.#values.size === 0 ? {} : { headers: Object.fromEntries(this.#values) };
  }
}
