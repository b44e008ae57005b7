import type { ProducerDeserializer, ProducerSerializer } from '@nestjs/microservices';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import type { JetStreamOptions, NatsConnectionOptions } from '../connection-options.js';
import type { OpenTelemetryApi } from '../open-telemetry.js';
import { checkPublishOptions, type JetStreamPublishOptions } from './publish-options.js';
import type { NatsStreamConfig } from '../stream-config.js';

/** What {@link NatsJetStreamClientProxy} and {@link NatsJetStreamTransport} take. */
export interface NatsJetStreamClientOptions {
  /** How to reach NATS. All that are given the same object share one connection. @default a server on this machine, port 4222 */
  readonly connectionOptions?: NatsConnectionOptions | undefined;
  /** Where the JetStream API is, and how long its answers are waited for. @default `$JS.API`, 5 s */
  readonly jetStreamOptions?: JetStreamOptions | undefined;
  /** The same as `jetStreamOptions`, and not to be given together with it. */
  readonly jetStreamOption?: JetStreamOptions | undefined;
  /** Streams that are created, or brought up to date, when the client connects. @default none */
  readonly streamConfig?: NatsStreamConfig | readonly NatsStreamConfig[] | undefined;
  /** What holds for every event that says nothing else; `msgID` makes no sense here, and is refused. @default nothing */
  readonly jetStreamPublishOptions?: Omit<JetStreamPublishOptions, 'msgID'> | undefined;
  /** How long the answer to a request is waited for, and each further value of one that has several, in milliseconds. @default 5000 */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * The message id of an event that names none, from its pattern and payload: the same id for the same event, so that a program that starts over emits
   * nothing twice; undefined for the default. @default a random one for each emit, or `source` and `id` of a CloudEvent
   */
  readonly messageId?: ((pattern: string, payload: unknown) => string | undefined) | undefined;
  /** Writes events and requests. @default JSON: of an event the payload alone, of a request Nest's packet */
  readonly serializer?: ProducerSerializer | undefined;
  /** Reads answers; is given the whole message. @default JSON, as Nest's packet or as the value itself */
  readonly deserializer?: ProducerDeserializer | undefined;
  /** `import * as api from '@opentelemetry/api'`: the active context then travels in the headers. @default none does */
  readonly openTelemetry?: OpenTelemetryApi | undefined;
}

/** The options, checked, with their defaults. */
export interface ClientSettings {
  readonly connectionOptions: NatsConnectionOptions;
  readonly jetStreamOptions: JetStreamOptions;
  readonly streams: readonly NatsStreamConfig[];
  readonly publishDefaults: JetStreamPublishOptions;
  readonly publishTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly messageId: (pattern: string, payload: unknown) => string | undefined;
  readonly openTelemetry: OpenTelemetryApi | undefined;
}

const KNOWN: Record<keyof NatsJetStreamClientOptions, true> = {
  connectionOptions: true,
  jetStreamOptions: true,
  jetStreamOption: true,
  streamConfig: true,
  jetStreamPublishOptions: true,
  requestTimeoutMs: true,
  messageId: true,
  serializer: true,
  deserializer: true,
  openTelemetry: true,
};

/** @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together. */
export function resolveClientOptions(options: NatsJetStreamClientOptions): ClientSettings {
  checkKnownOptions(options, Object.keys(KNOWN));
  const { jetStreamOption, jetStreamOptions = jetStreamOption ?? {} } = options;
  if (jetStreamOption !== undefined && options.jetStreamOptions !== undefined) {
    throw refused('jetStreamOption', jetStreamOption, 'absent when jetStreamOptions is given');
  }
  const publishDefaults: JetStreamPublishOptions = options.jetStreamPublishOptions ?? {};
  checkPublishOptions(publishDefaults);
  if (publishDefaults.msgID !== undefined) {
    const allowed =
      'absent: all events but the first would be duplicates; give it to NatsJetStreamRecordBuilder';
    throw refused('jetStreamPublishOptions.msgID', publishDefaults.msgID, allowed);
  }
  return {
    connectionOptions: options.connectionOptions ?? {},
    jetStreamOptions,
    streams: [options.streamConfig ?? []].flat(),
    publishDefaults,
    publishTimeoutMs: timeoutOption('jetStreamOptions.timeout', jetStreamOptions.timeout),
    requestTimeoutMs: timeoutOption('requestTimeoutMs', options.requestTimeoutMs),
    messageId: options.messageId ?? (() => undefined),
    openTelemetry: options.openTelemetry,
  };
}

function timeoutOption(option: string, given: number | undefined): number {
  return integerOption(option, given, { fallback: 5_000, min: 1, max: LONGEST_TIMER_MS });
}

function refused(option: string, given: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError({ option, given, allowed });
}
