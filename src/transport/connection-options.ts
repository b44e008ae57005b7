import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';

/**
 * How server and client reach NATS: all that `connect()` of `@nats-io/transport-node` takes, under the same names. Two defaults differ, since a
 * service has to live on: reconnecting never ends (`maxReconnectAttempts: -1`) and is tried every 250 ms (`reconnectTimeWait`), each try for 3 s
 * (`timeout`).
 *
 * A server and clients that are given the very same object share one connection.
 *
 * @example
 * const connectionOptions: NatsConnectionOptions = { servers: 'nats://127.0.0.1:4222', name: 'shop' };
 */
export interface NatsConnectionOptions extends NodeConnectionOptions {
  /** How the service is called in the server's monitoring, and by others that share a stream with it. @default `jetsource` */
  name?: string;
  /** Is given the connection once, as soon as it is open and before anything else uses it; not after a reconnect. */
  connectedHook?: (nc: NatsConnection) => unknown;
}

/** Where the JetStream API is, and how long its answers are waited for. */
export interface JetStreamOptions {
  /** Prefix of the JetStream API where an account imports it under another name. Excludes `domain`. @default `$JS.API` */
  readonly apiPrefix?: string | undefined;
  /** JetStream domain, such as that of a leaf node. Excludes `apiPrefix`. @default none */
  readonly domain?: string | undefined;
  /** How long a publish or another call of JetStream is waited for, resends included, in milliseconds. @default 5000 */
  readonly timeout?: number | undefined;
}
