import type { ConsumerDeserializer, IncomingEvent, MessageHandler } from '@nestjs/microservices';
import type { EventRegistry } from '../../event/event-registry.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { nameToken } from '../../jetstream/names/asset-name.js';
import type { ConfiguredStreams } from '../../jetstream/streams/configured-streams.js';
import { HandlerConsumer } from '../../reaction/consumer/handler-consumer.js';
import type { RedriveWatch } from '../../reaction/consumer/redrive-watch.js';
import { CommitUnpacker } from '../../reaction/delivery/commit-unpacker.js';
import type { HandlerCall } from '../../reaction/delivery/handler-call.js';
import { PayloadUnpacker } from '../../reaction/delivery/payload-unpacker.js';
import type { Unpacker } from '../../reaction/delivery/unpacker.js';
import type { ParkingPlace } from '../../reaction/parking/parking-place.js';
import type { ReactionObserver } from '../../reaction/reaction-observer.js';
import type { ReactionLogger } from '../../reaction/reaction-logger.js';
import type { EventSelection } from '../../reaction/selection/event-selection.js';
import { type PacketMetadata, readMetadata } from '../packet-metadata.js';
import { consumerConfig } from './consumer-config.js';
import type { EventSubscription } from './event-subscription.js';
import { NatsJetStreamContext } from './nats-jetstream.context.js';
import type { PlannedConsumer } from './plan-consumers.js';
import { warnOfAckWait } from './warn-of-ack-wait.js';

/** What an event's message was decoded to. */
export interface EventPacket {
  readonly data: unknown;
  readonly metadata: PacketMetadata | undefined;
}

/** Calls the handler and waits for all values of its result; rejects with what it threw. */
export type CallHandler = (
  handler: MessageHandler,
  data: unknown,
  context: NatsJetStreamContext,
) => Promise<void>;

/** What the event consumers of a server share. */
export interface EventConsumerParts {
  readonly connection: JetStreamConnection;
  /** The service's name; undefined where it has none. */
  readonly service: string | undefined;
  /** Where dead letters are kept; undefined where they are dropped. */
  readonly parkingPlace: ParkingPlace | undefined;
  /** Tells what is redriven from there. */
  readonly redriveWatch: RedriveWatch | undefined;
  /** The streams of the server's options. */
  readonly streams: ConfiguredStreams;
  readonly registry: EventRegistry;
  readonly deserializer: ConsumerDeserializer;
  readonly call: CallHandler;
  readonly observer: ReactionObserver;
  readonly logger: ReactionLogger;
}

/**
 * Creates a handler's consumer or brings it up to date. Nothing is read yet.
 *
 * @throws {@link ConsumerSettingsError} when no events could be delivered.
 */
export async function openEventConsumer(
  parts: EventConsumerParts,
  { subscription, selection, durable }: PlannedConsumer,
): Promise<HandlerConsumer<EventPacket>> {
  const { connection, service, call, logger } = parts;
  const { pattern, settings, handler } = subscription;
  const { log, filter } = selection;
  const isBroadcast = durable === undefined;
  const config = await consumerConfig({ connection, stream: log, filter, durable }, subscription);
  await warnOfAckWait(connection, { stream: log, config, bind: settings.bind }, logger);
  return HandlerConsumer.open(connection, {
    handler: pattern,
    log,
    config,
    consumerLabel: isBroadcast ? `${nameToken(service ?? 'nameless')}-broadcast` : undefined,
    bind: settings.bind,
    heartbeatMs: settings.heartbeatMs,
    idleHeartbeatMs: settings.idleHeartbeatMs,
    maxMessages: settings.maxMessages,
    policy: settings,
    unpacker: unpackerFor(selection, parts, subscription),
    handle: async (delivered) => call(handler, dataOf(delivered), contextOf(delivered)),
    // nothing can be redriven to an instance that may be gone
    parkingPlace: isBroadcast ? undefined : parts.parkingPlace,
    observer: parts.observer,
    redriveWatch: parts.redriveWatch,
    restoreLog: parts.streams.restorerOf(log),
    logger,
  });
}

function unpackerFor(
  { holdsCommits, eventType }: EventSelection,
  { registry, deserializer }: EventConsumerParts,
  { settings: { headersOnly } }: EventSubscription,
): Unpacker<EventPacket> {
  if (holdsCommits) return new CommitUnpacker({ registry, eventType });
  const decode = headersOnly ? decodeHeaders : decodeWith(deserializer);
  return new PayloadUnpacker({ decode, headersOnly });
}

async function decodeHeaders({ headers }: DeliveredMessage): Promise<EventPacket> {
  return { data: undefined, metadata: readMetadata(headers) };
}

function decodeWith(deserializer: ConsumerDeserializer): (message: DeliveredMessage) => Promise<EventPacket> {
  return async (message) => {
    const { subject, headers } = message;
    const { data, metadata } = (await deserializer.deserialize(message, {
      channel: subject,
    })) as IncomingEvent;
    return { data, metadata: readMetadata(headers) ?? metadata };
  };
}

function dataOf(call: HandlerCall<EventPacket>): unknown {
  return call.kind === 'event' ? call.event.data : call.payload.data;
}

function contextOf(call: HandlerCall<EventPacket>): NatsJetStreamContext {
  const { message } = call;
  return call.kind === 'event'
    ? new NatsJetStreamContext([message, undefined, call.event, message.letter])
    : new NatsJetStreamContext([message, call.payload.metadata, undefined, message.letter]);
}
