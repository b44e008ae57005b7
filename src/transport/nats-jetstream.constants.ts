/** Names this transport in a decorator, so that a handler of a hybrid application listens to it alone: `@EventPattern('order.*', NATS_JETSTREAM_TRANSPORT)`. */
export const NATS_JETSTREAM_TRANSPORT = Symbol('NATS_JETSTREAM_TRANSPORT');

/** The token that the options of {@link NatsJetStreamClientProxy} are injected by. */
export const NATS_JETSTREAM_OPTIONS = 'NATS_JETSTREAM_OPTIONS';
