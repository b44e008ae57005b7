import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { assetName } from '../../jetstream/names/asset-name.js';
import { capturingStreams } from '../../jetstream/streams/capturing-streams.js';
import { JetStreamNotFoundError } from '../../jetstream/streams/stream-errors.js';
import { Deadline } from '../../kernel/deadline.js';
import type { EventSelection } from '../../reaction/selection/event-selection.js';
import { holdsCommits } from '../../reaction/selection/holds-commits.js';
import { narrowFilter } from '../../reaction/selection/narrow-filter.js';
import { selectStoreEvents } from '../../reaction/selection/select-store-events.js';
import type { EventSubscription } from './event-subscription.js';

const LOOKUP_TIMEOUT_MS = 10_000;
/** `shop/OrderPlaced`, or `shop/*` for all events of the store. */
const STORE_PATTERN = /^([A-Za-z][\w-]*)\/([^\s.*>/]+|\*)$/;

/**
 * Finds the JetStream stream that a handler's pattern is about, and what of it the handler consumes.
 *
 * @throws {@link JetStreamNotFoundError} when no JetStream stream captures the pattern, or several do.
 * @throws {@link InvalidOptionError} when `filterSubject` is not within the pattern.
 */
export async function selectEvents(
  connection: JetStreamConnection,
  subscription: Pick<EventSubscription, 'pattern' | 'settings'>,
): Promise<EventSelection> {
  const { pattern, settings } = subscription;
  const { filterSubject } = settings;
  const [, store, type] = STORE_PATTERN.exec(pattern) ?? [];
  const eventType = type === '*' ? undefined : type;
  const ofStore = store && (await selectStoreEvents(connection, { store, eventType, filterSubject }));
  if (ofStore) return ofStore;
  const log =
    settings.stream === undefined
      ? await capturingStream(connection, pattern)
      : assetName('stream', settings.stream);
  return {
    log,
    filter: narrowFilter(pattern, filterSubject),
    holdsCommits: await holdsCommits(connection, log),
    eventType: undefined,
  };
}

async function capturingStream(connection: JetStreamConnection, pattern: string): Promise<string> {
  const streams = await capturingStreams(connection, pattern, new Deadline(LOOKUP_TIMEOUT_MS));
  const [stream] = streams ?? [];
  if (stream !== undefined && streams?.length === 1) return stream;
  throw new JetStreamNotFoundError({ pattern, reason: reasonFor(streams) });
}

function reasonFor(streams: readonly string[] | undefined): string {
  if (streams === undefined)
    return 'this user may not look for the stream; name it by the option stream of the consumer';
  if (streams.length === 0) return 'no stream captures it; add a streamConfig that does';
  return `streams ${streams.join(', ')} capture it; name one by the option stream of the consumer`;
}
