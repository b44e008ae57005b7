import type { ProducerDeserializer, ProducerSerializer } from '@nestjs/microservices';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkOptionNames, requireOptions } from '../check-option-names.js';
import { checkReach, type JetStreamOptions, type NatsConnectionOptions } from '../connection-options.js';
import { fromLegacyClientOptions, type LegacyClientOptions } from '../legacy/legacy-client-options.js';
import type { OpenTelemetryApi } from '../open-telemetry.js';
import { type JetStreamPublishOptions, type PublishOptions, toPublishOptions } from './publish-options.js';
import { type NatsStreamConfig, streamsOf } from '../stream-config.js';

/** Options of a {@link NatsJetStreamClientProxy}, directly or by {@link NatsJetStreamTransport}. */
export interface NatsJetStreamClientOptions extends LegacyClientOptions {
  /**
   * How to reach NATS. A server and clients that are given the same object share one connection.
   * @default a server on this machine, port 4222
   */
  readonly connectionOptions?: NatsConnectionOptions | undefined;
  /** Where the JetStream API is, and how long its answers are awaited. @default `$JS.API`, 5000 ms */
  readonly jetStreamOptions?: JetStreamOptions | undefined;
  /** JetStream streams that are created, or brought up to date, when the client connects. @default none */
  readonly streamConfig?: NatsStreamConfig | readonly NatsStreamConfig[] | undefined;
  /**
   * Options of every event; those of the event itself take precedence. `msgID` is refused here.
   * @default none
   */
  readonly jetStreamPublishOptions?: Omit<JetStreamPublishOptions, 'msgID'> | undefined;
  /**
   * How long the answer to a request, and each further value of it, is awaited, in milliseconds.
   * @default 5000
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * The message id of an event that has none, from its pattern and payload. With the same id for the same
   * event, a program that starts again emits nothing twice. Undefined means the default.
   * @default a random one for each emit, or `source` and `id` of a CloudEvent
   */
  readonly messageId?: ((pattern: string, payload: unknown) => string | undefined) | undefined;
  /** Writes events and requests. @default JSON: of an event the payload alone, of a request Nest's packet */
  readonly serializer?: ProducerSerializer | undefined;
  /** Reads answers; is given the whole message. @default JSON, as Nest's packet or as the value itself */
  readonly deserializer?: ProducerDeserializer | undefined;
  /** The module `@opentelemetry/api`: the active context is sent in the headers. @default none */
  readonly openTelemetry?: OpenTelemetryApi | undefined;
}

/** The options, checked, with their defaults. */
export interface ClientSettings {
  readonly connectionOptions: NatsConnectionOptions;
  readonly jetStreamOptions: JetStreamOptions;
  readonly streams: readonly NatsStreamConfig[];
  readonly publishDefaults: PublishOptions;
  readonly publishTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly messageId: (pattern: string, payload: unknown) => string | undefined;
  readonly openTelemetry: OpenTelemetryApi | undefined;
}

const KNOWN: Record<Exclude<keyof NatsJetStreamClientOptions, keyof LegacyClientOptions>, true> = {
  connectionOptions: true,
  jetStreamOptions: true,
  streamConfig: true,
  jetStreamPublishOptions: true,
  requestTimeoutMs: true,
  messageId: true,
  serializer: true,
  deserializer: true,
  openTelemetry: true,
};

/** @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together. */
export function resolveClientOptions(given: NatsJetStreamClientOptions): ClientSettings {
  requireOptions(given, KNOWN);
  const options = fromLegacyClientOptions(given);
  checkOptionNames(options, KNOWN);
  checkReach(options);
  const { connectionOptions = {}, jetStreamOptions = {} } = options;
  return {
    connectionOptions,
    jetStreamOptions,
    streams: streamsOf(options.streamConfig),
    publishDefaults: publishDefaultsOf(options.jetStreamPublishOptions ?? {}),
    publishTimeoutMs: timeoutOption('jetStreamOptions.timeout', jetStreamOptions.timeout),
    requestTimeoutMs: timeoutOption('requestTimeoutMs', options.requestTimeoutMs),
    messageId: options.messageId ?? (() => undefined),
    openTelemetry: options.openTelemetry,
  };
}

function timeoutOption(option: string, given: number | undefined): number {
  return integerOption(option, given, { fallback: 5_000, min: 1, max: LONGEST_TIMER_MS });
}

function publishDefaultsOf(given: JetStreamPublishOptions): PublishOptions {
  const defaults = toPublishOptions(given);
  if (defaults.msgID === undefined) return defaults;
  throw new InvalidOptionError({
    option: 'jetStreamPublishOptions.msgID',
    given: defaults.msgID,
    allowed: 'absent: all events but the first would be duplicates; give it to NatsJetStreamRecordBuilder',
  });
}
