import type { AppendResult } from '../../src/event-store/append/append-options.js';

/** What became of one intention to store an event, as its writer was told. */
export type Told =
  | { readonly kind: 'acknowledged'; readonly version: number }
  /** Refused or not sent: must not be in the log. */
  | { readonly kind: 'not-applied' }
  /** May be in the log, once. */
  | { readonly kind: 'unknown' };

/** All that the writers were told, and the longest silence between two acknowledgements. */
export class Ledger {
  /** By the number that the event carries. */
  readonly told = new Map<number, Told>();
  acknowledged = 0;
  longestSilenceMs = 0;
  #lastAcknowledged = performance.now();
  #next = 0;

  /** A number that no other event carries. */
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

  /** How many were told that. */
  count(kind: Told['kind']): number {
    return [...this.told.values()].filter((told) => told.kind === kind).length;
  }
}
