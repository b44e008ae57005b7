import type { ConsumerDeserializer, ConsumerSerializer } from '@nestjs/microservices';
import type { EventDefinition } from '../../event/event-registry.js';
import { EventRegistry } from '../../event/event-registry.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkOptionNames, requireOptions } from '../check-option-names.js';
import { checkReach, type JetStreamOptions, type NatsConnectionOptions } from '../connection-options.js';
import type { NatsConsumerOptions } from '../consumer-options.js';
import { fromLegacyServerOptions, type LegacyServerOptions } from '../legacy/legacy-server-options.js';
import { NATS_JETSTREAM_TRANSPORT } from '../nats-jetstream.constants.js';
import type { OpenTelemetryApi } from '../open-telemetry.js';
import { deadLetterSettings, type NatsStreamConfig, streamsOf } from '../stream-config.js';

/** Options of a {@link NatsJetStreamServer}. */
export interface NatsJetStreamServerOptions extends LegacyServerOptions {
  /**
   * How to reach NATS. Its `name` is the service's: instances of one name share events. A server and clients
   * that are given the same object share one connection. @default a server on this machine, port 4222
   */
  readonly connectionOptions?: NatsConnectionOptions | undefined;
  /** How events are consumed, where a handler has no options of its own. @default durable pull consumers */
  readonly consumerOptions?: NatsConsumerOptions | undefined;
  /**
   * Where the JetStream API is, and how long its answers are awaited.
   * @default `$JS.API`, up to 10000 ms, depending on the call
   */
  readonly jetStreamOptions?: JetStreamOptions | undefined;
  /**
   * JetStream streams that are created, or brought up to date, at the start.
   * @default none: they are managed elsewhere
   */
  readonly streamConfig?: NatsStreamConfig | readonly NatsStreamConfig[] | undefined;
  /**
   * The JetStream stream of dead letters, created at the start. Several services may share one by its `name`.
   * `false` drops events whose attempts are used up. @default `<service>-dead-letters`, at most 100,000
   * messages, with the replicas and the storage of the streams that it serves
   */
  readonly deadLetters?: false | Omit<Partial<NatsStreamConfig>, 'subjects'> | undefined;
  /**
   * Event types of event stores whose events handlers listen to: events are delivered as instances of their
   * classes, upcast.
   * @default none: plain data, as stored
   */
  readonly events?: readonly EventDefinition[] | undefined;
  /**
   * Queue group of requests: one instance of the group answers.
   * @default `deliverTo` of `consumerOptions`, or the service's name
   */
  readonly queue?: string | undefined;
  /**
   * How long a shutdown waits for handlers, in milliseconds; then their events are handed back.
   * @default 10000
   */
  readonly shutdownTimeoutMs?: number | undefined;
  /** Writes answers. @default JSON, as Nest's packet */
  readonly serializer?: ConsumerSerializer | undefined;
  /**
   * Reads events and requests; is given the whole message.
   * @default JSON, as Nest's packet or as the payload itself
   */
  readonly deserializer?: ConsumerDeserializer | undefined;
  /**
   * Identifies this server in decorators, where an application has several: `@EventPattern('order.*', EU)`
   * is bound to the server with `transportId: EU` only. Handlers that name none are bound to every server.
   * @default NATS_JETSTREAM_TRANSPORT
   */
  readonly transportId?: symbol | undefined;
  /** The module `@opentelemetry/api`: handlers run in the context that the headers carry. @default none */
  readonly openTelemetry?: OpenTelemetryApi | undefined;
}

/** The options, checked, with their defaults. */
export interface ServerSettings {
  readonly connectionOptions: NatsConnectionOptions;
  /** The service's name; undefined where it has none. */
  readonly service: string | undefined;
  readonly consumerOptions: NatsConsumerOptions;
  readonly jetStreamOptions: JetStreamOptions;
  readonly streams: readonly NatsStreamConfig[];
  readonly deadLetters: Omit<Partial<NatsStreamConfig>, 'subjects'> | undefined;
  readonly registry: EventRegistry;
  readonly queue: string | undefined;
  readonly shutdownTimeoutMs: number;
  readonly transportId: symbol;
  readonly openTelemetry: OpenTelemetryApi | undefined;
}

const KNOWN: Record<Exclude<keyof NatsJetStreamServerOptions, keyof LegacyServerOptions>, true> = {
  connectionOptions: true,
  consumerOptions: true,
  jetStreamOptions: true,
  streamConfig: true,
  deadLetters: true,
  events: true,
  queue: true,
  shutdownTimeoutMs: true,
  serializer: true,
  deserializer: true,
  transportId: true,
  openTelemetry: true,
};

/** @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together. */
export function resolveServerOptions(given: NatsJetStreamServerOptions): ServerSettings {
  requireOptions(given, KNOWN);
  const options = fromLegacyServerOptions(given);
  checkOptionNames(options, KNOWN);
  checkReach(options);
  const { connectionOptions = {}, consumerOptions = {}, jetStreamOptions = {} } = options;
  const { name: service } = connectionOptions;
  return {
    connectionOptions,
    service,
    consumerOptions,
    jetStreamOptions,
    streams: streamsOf(options.streamConfig),
    deadLetters: deadLetterSettings(options.deadLetters),
    // a service does not have to know all event types of other services' stores
    registry: new EventRegistry(options.events ?? [], { onUnknownEvent: 'raw' }),
    queue: options.queue ?? service,
    shutdownTimeoutMs: shutdownTimeout(options.shutdownTimeoutMs),
    transportId: transportIdOf(options.transportId),
    openTelemetry: options.openTelemetry,
  };
}

function shutdownTimeout(given: number | undefined): number {
  return integerOption('shutdownTimeoutMs', given, { fallback: 10_000, min: 0, max: LONGEST_TIMER_MS });
}

function transportIdOf(given: symbol = NATS_JETSTREAM_TRANSPORT): symbol {
  if (typeof given === 'symbol') return given;
  throw new InvalidOptionError({ option: 'transportId', given, allowed: "a symbol, such as Symbol('eu')" });
}
