export { NATS_JETSTREAM_OPTIONS, NATS_JETSTREAM_TRANSPORT } from './transport/nats-jetstream.constants.js';
export type { JetStreamOptions, NatsConnectionOptions } from './transport/connection-options.js';
export type {
  NatsJetStreamClientEvents,
  NatsJetStreamEvents,
  NatsJetStreamServerEvents,
  NatsJetStreamStatus,
} from './transport/transport-events.js';
export type { ObservedAttempt, ObservedDeadLetter, ObservedDelivery } from './reaction/reaction-observer.js';
export { UnrecoverableError } from './reaction/unrecoverable-error.js';
export type { NatsConsumerOptions } from './transport/consumer-options.js';
export type { ServerConsumerOptions } from './transport/legacy/server-consumer-options.js';
export { DeadLetters, type DeadLettersOptions } from './transport/server/dead-letters.js';
export type { DeadLetter, DeadLetterQuery } from './jetstream/dead-letters/dead-letter-stream.js';
export type { DeadLetterError } from './jetstream/dead-letters/dead-letter-error.js';
export type { RedrivenLetter } from './jetstream/consume/delivered-message.js';
export type { EventConsumerStatus } from './transport/server/event-consumer-status.js';
export type { NatsJetStreamClientOptions } from './transport/client/nats-jetstream-client-options.js';
export type { BatchEvent, EmitBatchOptions, EmitManyOptions } from './transport/client/emit-options.js';
export { NatsJetStreamClientProxy } from './transport/client/nats-jetstream-client-proxy.js';
export type { ScheduleRef } from './jetstream/publish/cancel-schedule.js';
export type { PublishSchedule } from './jetstream/publish/publish-request.js';
export type { BatchAck } from './jetstream/publish/batch-publisher.js';
export { NatsJetStreamRecord } from './transport/client/nats-jetstream-record.js';
export { NatsJetStreamRecordBuilder } from './transport/client/nats-jetstream-record-builder.js';
export {
  NatsJetStreamContext,
  type NatsJetStreamContextArgs,
} from './transport/server/nats-jetstream.context.js';
export {
  NatsJetStreamHealthIndicator,
  type NatsJetStreamHealthResult,
} from './transport/server/nats-jetstream-health-indicator.js';
export { type NatsJetStreamHealth, NatsJetStreamServer } from './transport/server/nats-jetstream-server.js';
export type { OrphanedConsumer } from './transport/server/orphaned-consumers.js';
export { NatsJetStreamServerModule } from './transport/server/nats-jetstream-server.module.js';
export type { NatsJetStreamServerOptions } from './transport/server/nats-jetstream-server-options.js';
export {
  type NatsJetStreamClientAsyncOptions,
  NatsJetStreamTransport,
} from './transport/client/nats-jetstream-transport.js';
export { NatsRequestOptionsBuilder } from './transport/client/nats-request-options-builder.js';
export { NatsRequestRecord, type RequestOptions } from './transport/client/nats-request-record.js';
export { NatsContext, type NatsContextArgs } from './transport/server/nats.context.js';
export type { OpenTelemetryApi } from './transport/open-telemetry.js';
export type { JetStreamPublishOptions } from './transport/client/publish-options.js';
export type { NatsStreamConfig } from './transport/stream-config.js';
export {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  StoreCompression,
} from '@nats-io/jetstream';
export type { ConsumerConfig, JsMsg, PubAck, StreamConfig } from '@nats-io/jetstream';
export { headers } from '@nats-io/transport-node';
export type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
export type { LongestCall } from './jetstream/consume/message-handling.js';
export { ConsumerSettingsError } from './jetstream/consume/consumer-errors.js';
export { DeadLetterNotFoundError } from './jetstream/dead-letters/dead-letter-errors.js';
export {
  ExpectationFailedError,
  PayloadTooLargeError,
  PublishOutcomeUnknownError,
  PublishRefusedError,
} from './jetstream/publish/publish-errors.js';
export { JetStreamNotFoundError, JetStreamSettingsError } from './jetstream/streams/stream-errors.js';
export {
  ConnectionClosedError,
  NatsError,
  UnsupportedByServerError,
} from './jetstream/connection/connection-errors.js';
export { InvalidOptionError } from './kernel/invalid-option-error.js';
export { HandlerTimeoutError } from './reaction/delivery/handler-timeout-error.js';
export { isJetsourceError } from './errors/any-jetsource-error.js';
export { CapturedPatternError, NoResponderError, RequestTimeoutError } from './transport/transport-errors.js';
