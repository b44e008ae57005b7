import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';

/** What a case works with. The store holds events of other cases as well: a case keeps to streams of its own. */
export interface ConformanceContext {
  /** Knows the classes of `conformanceEvents`. */
  readonly store: EventStore;
  /** Another handle on the same store, as another process would have; whoever runs the case closes it. */
  readonly another: () => Promise<EventStore>;
  /** A category that no other case has. */
  readonly category: string;
  /** A name that no stream has yet, in the case's own category unless another is given. */
  readonly stream: (category?: string) => StreamName;
}

/** One behaviour that every event store shows. It throws when the store does not. */
export interface ConformanceCase {
  /** The behaviour in plain words; for skipping it, with the reason, where a store cannot show it. */
  readonly name: string;
  readonly run: (context: ConformanceContext) => Promise<void>;
}
