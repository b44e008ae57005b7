import type { ConsumerInfo } from '@nats-io/jetstream';
import { ApiCode, FORBIDDEN } from '../../jetstream/api/api-codes.js';
import { findValue } from '../../jetstream/connection/expect-value.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { Deadline } from '../../kernel/deadline.js';
import { mapBounded } from '../../kernel/map-bounded.js';
import type { ReactionLogger } from '../../reaction/reaction-logger.js';
import type { EventSelection } from '../../reaction/selection/event-selection.js';
import { checkBoundFilter } from './bound-filter.js';
import { consumerName, type NamedDurable } from './consumer-name.js';
import type { EventSubscription } from './event-subscription.js';
import { sharedDurable } from './handler-conflicts.js';
import { selectEvents } from './select-events.js';

/** Handlers that are planned at a time. */
const WIDTH = 8;
const LOOKUP_TIMEOUT_MS = 10_000;

/** Which consumer a handler gets. */
export interface PlannedConsumer {
  readonly subscription: EventSubscription;
  /** What of which JetStream stream it consumes. */
  readonly selection: EventSelection;
  /** Its durable consumer; undefined for a broadcast. */
  readonly durable: NamedDurable | undefined;
}

/**
 * Finds the JetStream stream of each handler, and the consumer that the handler had, or a name for a new one.
 * Nothing is created or changed.
 *
 * @throws {@link JetStreamNotFoundError}, {@link ConsumerSettingsError} or {@link InvalidOptionError} when a
 *   handler would get no events, or those of another one.
 */
export async function planConsumers(
  connection: JetStreamConnection,
  subscriptions: readonly EventSubscription[],
  logger: ReactionLogger,
): Promise<PlannedConsumer[]> {
  const planned = await mapBounded(
    subscriptions,
    async (subscription): Promise<PlannedConsumer> => {
      const selection = await selectEvents(connection, subscription);
      const durable =
        subscription.settings.durable === false
          ? undefined
          : await nameDurable(connection, subscription, selection);
      return { subscription, selection, durable };
    },
    { width: WIDTH },
  );
  refuseSharedNames(planned);
  for (const { durable } of planned) if (durable?.notice !== undefined) logger.warn(durable.notice);
  return planned;
}

async function nameDurable(
  connection: JetStreamConnection,
  subscription: EventSubscription,
  { log: stream, filter }: EventSelection,
): Promise<NamedDurable> {
  const find = async (consumer: string): Promise<ConsumerInfo | undefined> => {
    const result = await connection.api.consumerInfo({ stream, consumer }, new Deadline(LOOKUP_TIMEOUT_MS));
    if (!result.ok && result.fault.code === FORBIDDEN) return undefined;
    return findValue(
      result,
      ApiCode.consumerNotFound,
      `looking for consumer ${consumer} of stream ${stream}`,
    );
  };
  const durable = await consumerName({ stream, filter, find }, subscription);
  if (subscription.settings.bind)
    await checkBoundFilter(connection, { stream, filter, found: await find(durable.name) });
  return durable;
}

/** Two handlers may come upon one consumer by different ways, such as its name and its metadata. */
function refuseSharedNames(planned: readonly PlannedConsumer[]): void {
  const named = new Map<string, EventSubscription>();
  for (const { durable, subscription } of planned) {
    if (durable === undefined) continue;
    const other = named.get(durable.name);
    if (other !== undefined) throw sharedDurable(durable.name, [other, subscription]);
    named.set(durable.name, subscription);
  }
}
