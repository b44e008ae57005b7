import type { ConsumerDeserializer, ConsumerSerializer } from '@nestjs/microservices';
import type { EventDefinition } from '../../event/event-registry.js';
import { EventRegistry } from '../../event/event-registry.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import type { JetStreamOptions, NatsConnectionOptions } from '../connection-options.js';
import type { NatsConsumerOptions } from './consumer-options.js';
import type { OpenTelemetryApi } from '../open-telemetry.js';
import type { NatsStreamConfig } from '../stream-config.js';

/** What {@link NatsJetStreamServer} takes. */
export interface NatsJetStreamServerOptions {
  /**
   * How to reach NATS. Its `name` is the service's: instances of one name share events. All that are given the same object share one connection.
   * @default a server on this machine, port 4222
   */
  readonly connectionOptions?: NatsConnectionOptions | undefined;
  /** How events are consumed, where a handler says nothing else. @default durable pull consumers */
  readonly consumerOptions?: NatsConsumerOptions | undefined;
  /** The same as `consumerOptions`, and not to be given together with it. */
  readonly serverConsumerOptions?: NatsConsumerOptions | undefined;
  /** Where the JetStream API is. @default `$JS.API` */
  readonly jetStreamOptions?: JetStreamOptions | undefined;
  /** Streams that are created, or brought up to date, at the start. @default none: they are somebody else's */
  readonly streamConfig?: NatsStreamConfig | readonly NatsStreamConfig[] | undefined;
  /**
   * The stream for what handlers gave up on: it is created at the start, as `<service>-dead-letters` with file storage and no limits unless
   * settings say otherwise. Several services may share one by its `name`. `false` drops what is given up. @default one of the service's own
   */
  readonly deadLetters?: false | Omit<Partial<NatsStreamConfig>, 'subjects'> | undefined;
  /** Event types of event stores whose events handlers listen to: events come as instances of their classes, upcast. @default none: plain data, as stored */
  readonly events?: readonly EventDefinition[] | undefined;
  /** Queue group of requests: one instance of the group answers. @default `deliverTo` of `consumerOptions`, or the service's name */
  readonly queue?: string | undefined;
  /** How long a shutdown waits for handlers, in milliseconds; then their events are handed back. @default 10000 */
  readonly shutdownTimeoutMs?: number | undefined;
  /** Writes answers. @default JSON, as Nest's packet */
  readonly serializer?: ConsumerSerializer | undefined;
  /** Reads events and requests; is given the whole message. @default JSON, as Nest's packet or as the payload itself */
  readonly deserializer?: ConsumerDeserializer | undefined;
  /** `import * as api from '@opentelemetry/api'`: handlers run in the context that the headers carry. @default none */
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
  readonly openTelemetry: OpenTelemetryApi | undefined;
}

const KNOWN: Record<keyof NatsJetStreamServerOptions, true> = {
  connectionOptions: true,
  consumerOptions: true,
  serverConsumerOptions: true,
  jetStreamOptions: true,
  streamConfig: true,
  deadLetters: true,
  events: true,
  queue: true,
  shutdownTimeoutMs: true,
  serializer: true,
  deserializer: true,
  openTelemetry: true,
};

/** @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together. */
export function resolveServerOptions(options: NatsJetStreamServerOptions): ServerSettings {
  checkKnownOptions(options, Object.keys(KNOWN));
  const {
    serverConsumerOptions,
    consumerOptions = serverConsumerOptions ?? {},
    connectionOptions = {},
  } = options;
  if (serverConsumerOptions !== undefined && options.consumerOptions !== undefined) {
    throw new InvalidOptionError({
      option: 'serverConsumerOptions',
      given: serverConsumerOptions,
      allowed: 'absent when consumerOptions is given',
    });
  }
  const { deadLetters = {} } = options;
  return {
    connectionOptions,
    service: connectionOptions.name,
    consumerOptions,
    jetStreamOptions: options.jetStreamOptions ?? {},
    streams: [options.streamConfig ?? []].flat(),
    deadLetters: deadLetters === false ? undefined : deadLetters,
    // a service need not know what others have in their stores
    registry: new EventRegistry(options.events ?? [], { onUnknownEvent: 'raw' }),
    queue: options.queue ?? consumerOptions.deliverTo ?? connectionOptions.name,
    shutdownTimeoutMs: integerOption('shutdownTimeoutMs', options.shutdownTimeoutMs, {
      fallback: 10_000,
      min: 0,
      max: LONGEST_TIMER_MS,
    }),
    openTelemetry: options.openTelemetry,
  };
}
