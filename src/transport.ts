export { NATS_JETSTREAM_OPTIONS, NATS_JETSTREAM_TRANSPORT } from './transport/nats-jetstream.constants.js';
export type { JetStreamOptions, NatsConnectionOptions } from './transport/connection-options.js';
export type { NatsJetStreamEvents, NatsJetStreamStatus } from './transport/connection-events.js';
export type { NatsJetStreamClientOptions } from './transport/nats-jetstream-client-options.js';
export { type EmitManyOptions, NatsJetStreamClientProxy } from './transport/nats-jetstream-client-proxy.js';
export { NatsJetStreamRecord } from './transport/nats-jetstream-record.js';
export { NatsJetStreamRecordBuilder } from './transport/nats-jetstream-record-builder.js';
export { NatsJetStreamTransport } from './transport/nats-jetstream-transport.js';
export { NatsRequestOptionsBuilder } from './transport/nats-request-options-builder.js';
export { NatsRequestRecord, type RequestOptions } from './transport/nats-request-record.js';
export { NatsContext, type NatsContextArgs } from './transport/nats.context.js';
export type { OpenTelemetryApi } from './transport/open-telemetry.js';
export type { JetStreamPublishOptions } from './transport/publish-options.js';
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
