import type { AppendResult } from '../../src/event-store/append/append-options.js';

/** The outcome of one append, as reported to its writer. */
export type Told =
  | { readonly kind: 'acknowledged'; readonly version: number }
  /** Rejected or not sent: must not be in the log. */
  | { readonly kind: 'not-applied' }
  /** Can be in the log, once. */
  | { readonly kind: 'unknown' };

/** The outcomes of all appends, and the longest time between two acknowledgements. */
export class Ledger {
  /** By the number in the event. */
  readonly told = new Map<number, Told>();
  acknowledged = 0;
  longestSilenceMs = 0;
  #lastAcknowledged = performance.now();
  #next = 0;

  /** A number that no other event has. */
  next(): number {
    return (this.#next += 1);
  }

  acknowledge(n: number, result: AppendResult): void {
    this.told.set(n, { kind: 'acknowledged', version: result.version });
    this.acknowledged += 1;
    const now = performance.now();
    this.longestSilenceMs = Math.max(this.longestSilenceMs, now - this.#lastAcknowledged);
    this.#lastAcknowledged = now;
  }

  refuse(n: number, outcome: 'not-applied' | 'unknown'): void {
    this.told.set(n, { kind: outcome });
  }

  /** Number of appends with the given outcome. */
  count(kind: Told['kind']): number {
    return [...this.told.values()].filter((told) => told.kind === kind).length;
  }
}
