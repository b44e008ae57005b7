import type { Commit } from './commit.js';
import { InvalidEventError } from './event-errors.js';
import { slotOf } from './slot.js';
import { storedStream, type StreamName } from './stream-name.js';

/** The category of notifications: events without an aggregate, each a message of its own. */
export const BUS_CATEGORY = '$bus';

/** Whether a stream name is that of notifications. They have no versions and no guards. */
export function isNotification({ category }: StreamName): boolean {
  return category === BUS_CATEGORY;
}

/**
 * The stream name of the notifications of an event type.
 *
 * @throws {@link InvalidEventError} when a subject cannot hold the name of the type.
 */
export function notificationStream(type: string): StreamName {
  try {
    return storedStream(BUS_CATEGORY, type);
  } catch (cause) {
    throw new InvalidEventError(
      `events of type ${type.slice(0, 100)} cannot be notifications, since their subject contains the type: ` +
        (cause as Error).message,
      { cause },
    );
  }
}

/** The slot of a commit: that of its stream, or for a notification that of its commit id. */
export function slotOfCommit({ stream, commitId }: Pick<Commit, 'stream' | 'commitId'>): number {
  return slotOf(isNotification(stream) ? storedStream(BUS_CATEGORY, commitId) : stream);
}
