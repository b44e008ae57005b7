/**
 * Identifies this transport in a decorator, so that a handler of a hybrid application is bound to it only:
 * `@EventPattern('order.*', NATS_JETSTREAM_TRANSPORT)`.
 */
export const NATS_JETSTREAM_TRANSPORT = Symbol('NATS_JETSTREAM_TRANSPORT');

/** Injection token of the options of {@link NatsJetStreamClientProxy}. */
export const NATS_JETSTREAM_OPTIONS = 'NATS_JETSTREAM_OPTIONS';
