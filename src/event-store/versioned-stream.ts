import { BUS_CATEGORY } from '../event/notification.js';
import { asStreamName, type StreamName } from '../event/stream-name.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { CHECK_CATEGORY } from './append/check-messages.js';

/**
 * The name of a stream that is appended to or read: one that has versions.
 *
 * @throws {@link InvalidOptionError} for what is no stream name, and for notifications, which are read with
 *   the whole store.
 * @throws {@link InvalidStreamNameError} when no stream can have that name.
 */
export function asVersionedStream(given: unknown): StreamName {
  const stream = asStreamName(given);
  if (stream.category !== BUS_CATEGORY && stream.category !== CHECK_CATEGORY) return stream;
  throw new InvalidOptionError({
    option: 'stream',
    given: stream.toString(),
    allowed:
      'a stream with versions; notifications are stored with notify, and read with readAll, subscribe and ' +
      `projections that name the category '${BUS_CATEGORY}'`,
  });
}
