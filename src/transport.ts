export { NATS_JETSTREAM_OPTIONS, NATS_JETSTREAM_TRANSPORT } from './transport/nats-jetstream.constants.js';
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
