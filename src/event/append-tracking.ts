import { AsyncLocalStorage } from 'node:async_hooks';
import { comparePositions, type Position } from './position.js';

/** The highest position that was appended to each store. */
export class AppendedPositions {
  readonly #highest = new Map<string, Position>();

  /** The highest position in the store with that identity; undefined where nothing was appended. */
  in(store: string): Position | undefined {
    return this.#highest.get(store);
  }

  add(store: string, position: Position): void {
    const highest = this.#highest.get(store);
    if (highest === undefined || comparePositions(highest, position) < 0) this.#highest.set(store, position);
  }
}

/** The innermost one last. */
const context = new AsyncLocalStorage<readonly AppendedPositions[]>();

/**
 * Runs `work`, and adds to `appended` what is appended in it, including by functions that it calls. Nested
 * calls add to all of them. A command that was handled before counts: what it appended then is what its caller
 * wants to read.
 */
export function trackAppends<T>(appended: AppendedPositions, work: () => T): T {
  return context.run([...(context.getStore() ?? []), appended], work);
}

/**
 * To be called with each result of a write.
 *
 * @param store Identity of the store.
 * @param position Undefined for a write that stored nothing.
 */
export function noteAppended(store: string, position: Position | undefined): void {
  if (position === undefined) return;
  for (const appended of context.getStore() ?? []) appended.add(store, position);
}
