import { storeSubjects } from '../../event/subject.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import type { EventSelection } from './event-selection.js';
import { holdsCommits } from './holds-commits.js';
import { narrowFilter } from './narrow-filter.js';

/** Events of an event store. */
export interface StoreEvents {
  readonly store: string;
  /** The only event type that is wanted. @default all */
  readonly eventType?: string | undefined;
  /** Limits the consumption to that subject. @default all subjects of the store */
  readonly filterSubject?: string | undefined;
}

/**
 * Selects events of an event store; undefined when there is no store of that name.
 *
 * @throws {@link InvalidOptionError} when `filterSubject` is not within the subjects of the store.
 */
export async function selectStoreEvents(
  connection: JetStreamConnection,
  { store, eventType, filterSubject }: StoreEvents,
): Promise<EventSelection | undefined> {
  if (!(await holdsCommits(connection, store))) return undefined;
  return {
    log: store,
    filter: narrowFilter(storeSubjects(store), filterSubject),
    holdsCommits: true,
    eventType,
  };
}
