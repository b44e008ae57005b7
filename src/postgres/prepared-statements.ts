import { createHash } from 'node:crypto';
import { sqlStateOf } from './transient-errors.js';

/** A statement as `pg` takes it. With a name, the server parses and plans it once for each connection. */
export interface PgStatement {
  readonly text: string;
  readonly values: unknown[];
  /** @default it is parsed and planned each time */
  readonly name?: string;
}

/** A connection has no statement of that name, or has one already. */
const LOST = /^(?:26000|42P05)$/;

/**
 * Names of statements, so that the server keeps their plans. A pooler in between that gives a connection to
 * others after each transaction loses them: the transaction that notices it fails with a transient error, and
 * from then on statements have no names.
 */
export class PreparedStatements {
  readonly #names = new Map<string, string>();
  #isLost = false;

  statement(text: string, parameters: readonly unknown[]): PgStatement {
    const values = [...parameters];
    // those without parameters create and change things: they come once
    return this.#isLost || values.length === 0
      ? { text, values }
      : { text, values, name: this.#nameOf(text) };
  }

  /** To be called with the error of a statement. */
  failed(error: unknown): void {
    if (LOST.test(sqlStateOf(error) ?? '')) this.#isLost = true;
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `jetsource_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
    this.#names.set(text, name);
    return name;
  }
}
