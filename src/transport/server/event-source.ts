import { storeSubjects } from '../../event/subject.js';
import { assetName } from '../../jetstream/names/asset-name.js';
import { capturingStreams } from '../../jetstream/streams/capturing-streams.js';
import { findStream } from '../../jetstream/streams/find-stream.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { isStoreStream } from '../../jetstream/streams/store-stream.js';
import { covers } from '../../jetstream/names/subject-pattern.js';
import { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import { JetStreamNotFoundError } from '../../jetstream/streams/stream-errors.js';
import type { EventListener } from './event-listener.js';

const LOOK_TIMEOUT_MS = 10_000;
/** `shop/OrderPlaced`, or `shop/*` for all events of the store. */
const STORE_PATTERN = /^([A-Za-z][\w-]*)\/([^\s.*>/]+|\*)$/;

/** Where a listener's events come from. */
export interface EventSource {
  readonly stream: string;
  /** What of the stream is consumed. */
  readonly filter: string;
  /** Whether the stream is an event store's: its messages are commits then. */
  readonly isStore: boolean;
  /** The one event type of an event store that is asked for; undefined for all. */
  readonly eventType: string | undefined;
}

/**
 * Finds out where a listener's events come from.
 *
 * @throws {@link JetStreamNotFoundError} when no stream captures its pattern, or several do.
 * @throws {@link InvalidOptionError} when `filterSubject` lies outside of it.
 */
export async function findEventSource(
  connection: JetStreamConnection,
  { pattern, settings }: EventListener,
): Promise<EventSource> {
  const deadline = new Deadline(LOOK_TIMEOUT_MS);
  const [, store, type] = STORE_PATTERN.exec(pattern) ?? [];
  if (store !== undefined && (await isStore(connection, store, deadline))) {
    const filter = narrowed(storeSubjects(store), settings.filterSubject);
    return { stream: store, filter, isStore: true, eventType: type === '*' ? undefined : type };
  }
  const stream =
    settings.stream === undefined
      ? await streamOf(connection, pattern, deadline)
      : assetName('stream', settings.stream);
  return {
    stream,
    filter: narrowed(pattern, settings.filterSubject),
    isStore: await isStore(connection, stream, deadline),
    eventType: undefined,
  };
}

async function streamOf(
  connection: JetStreamConnection,
  pattern: string,
  deadline: Deadline,
): Promise<string> {
  const streams = await capturingStreams(connection, pattern, deadline);
  const [stream] = streams ?? [];
  if (stream !== undefined && streams?.length === 1) return stream;
  const reason =
    streams === undefined
      ? 'this user may not look for the stream; name it by the option stream of the consumer'
      : stream === undefined
        ? 'no stream captures it; add a streamConfig that does'
        : `streams ${streams.join(', ')} capture it; name one by the option stream of the consumer`;
  throw new JetStreamNotFoundError({ pattern, reason });
}

/** A user who may not look gets messages as they are. */
async function isStore(
  connection: JetStreamConnection,
  stream: string,
  deadline: Deadline,
): Promise<boolean> {
  try {
    const found = await findStream(connection, stream, deadline);
    return found !== undefined && isStoreStream(found.config);
  } catch (error) {
    if (error instanceof NatsError && !deadline.passed) return false;
    throw error;
  }
}

function narrowed(pattern: string, filter: string | undefined): string {
  if (filter === undefined || covers(pattern, filter)) return filter ?? pattern;
  throw new InvalidOptionError({
    option: 'filterSubject',
    given: filter,
    allowed: `a subject within ${pattern}, which a handler that it holds for listens to`,
  });
}
