import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';

/** What a case runs with. The store also holds events of other cases, so a case uses its own streams only. */
export interface ConformanceContext {
  /** The store under test. Its event types include {@link conformanceEvents}. */
  readonly store: EventStore;
  /**
   * Opens another handle on the same store, as another process would. The runner closes it after the case.
   */
  readonly another: () => Promise<EventStore>;
  /** A category that no other case uses. */
  readonly category: string;
  /** Returns an unused stream name, in the case's own category unless another one is given. */
  readonly stream: (category?: string) => StreamName;
}

/** One behaviour that every event store must have. */
export interface ConformanceCase {
  /** The behaviour, for use as the title of a test. Unique among the cases. */
  readonly name: string;
  /** Runs the case. Rejects with an `AssertionError` if the store does not have the behaviour. */
  readonly run: (context: ConformanceContext) => Promise<void>;
}
