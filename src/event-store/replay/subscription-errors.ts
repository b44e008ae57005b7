import type { Position } from '../../event/position.js';
import { JetsourceError } from '../../kernel/jetsource-error.js';

/** The handler of a subscription has not returned for a long time. It is not interrupted. */
export class SubscriptionStuckError extends JetsourceError {
  readonly code = 'subscription-stuck';
  override readonly name = 'SubscriptionStuckError';
  /** What has not returned, such as `the handler of OrderPlaced at 7.0 (order/42)`. */
  readonly what: string;
  /** The last event that was handled; undefined before the first. */
  readonly position: Position | undefined;

  constructor(
    details: {
      readonly store: string;
      readonly what: string;
      readonly timeoutMs: number;
      readonly position: Position | undefined;
      readonly then: string;
    },
    options?: ErrorOptions,
  ) {
    const { store, what, timeoutMs, position, then } = details;
    super(`a subscription of store ${store}: ${what} has not returned for ${timeoutMs} ms; ${then}`, options);
    this.what = what;
    this.position = position;
  }
}
