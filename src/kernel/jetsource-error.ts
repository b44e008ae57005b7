/**
 * What an error says about the caller's data.
 *
 * - `not-applied`: nothing was stored; repeat the call or give it up.
 * - `unknown`: it may have been stored; repeat it with the same command id, or read, before acting on it.
 */
export type Outcome = 'not-applied' | 'unknown';

const BRAND = Symbol.for('jetsource.error');

/** The base of every error that jetsource throws: narrow on `code`, decide on `outcome`. */
export abstract class JetsourceError extends Error {
  /** A stable literal in kebab-case, for `switch`. */
  abstract readonly code: string;
  /** What became of the caller's data; absent on errors of calls that store nothing. */
  readonly outcome?: Outcome;
  abstract override readonly name: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    // a brand instead of instanceof: two installed copies of the package agree on it
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Whether `value` carries the brand, no matter which installed copy of the package made it. */
export function hasJetsourceBrand(value: unknown): value is JetsourceError {
  return typeof value === 'object' && value !== null && BRAND in value;
}
