const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The place of a value inside of another one, as it is walked. Text is made of it for errors only. */
export class JsonPath {
  readonly #root: string;
  readonly #keys: (string | number)[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  enter(key: string | number): void {
    this.#keys.push(key);
  }

  leave(): void {
    this.#keys.pop();
  }

  /** Such as `metadata.lines[1]["unit price"]`, shortened in its middle where it is very long. */
  toString(): string {
    const keys =
      this.#keys.length <= 20 ? this.#keys : [...this.#keys.slice(0, 10), '…', ...this.#keys.slice(-9)];
    const path = keys.reduce<string>((text, key) => text + segmentOf(key, text), this.#root);
    return path === '' ? 'the value' : path;
  }
}

function segmentOf(key: string | number, before: string): string {
  if (typeof key === 'number') return `[${key}]`;
  if (key === '…') return '.…';
  if (!IDENTIFIER.test(key)) return `[${JSON.stringify(key)}]`;
  return before === '' ? key : `.${key}`;
}
