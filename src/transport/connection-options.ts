import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import { checkOptionNames } from './check-option-names.js';

/**
 * How server and client reach NATS: all that `connect()` of `@nats-io/transport-node` takes, under the same
 * names. Some defaults differ, since a service has to survive outages: reconnecting never ends
 * (`maxReconnectAttempts: -1`), also when the server refuses (`ignoreAuthErrorAbort: true`), it is tried
 * every 250 ms (`reconnectTimeWait`), and each try may take 3000 ms (`timeout`). A server that has said
 * nothing is asked for a sign of life after 1000 ms (`pingInterval`); after more than 2 of these without one
 * (`maxPingOut`) it is left, and another connection is made. Credentials are asked for at each connection.
 *
 * A server and clients that are given the same object share one connection.
 *
 * @example
 * const connectionOptions: NatsConnectionOptions = { servers: 'nats://127.0.0.1:4222', name: 'shop' };
 */
export interface NatsConnectionOptions extends NodeConnectionOptions {
  /**
   * Name of the service: durable consumers are named after it, and the server's monitoring shows it.
   * @default `jetsource` in the monitoring; none for durable consumers, which need one
   */
  name?: string;
  /**
   * A connection of `@nats-io/transport-node` 3 that is open already, such as that of the application: it is
   * used, and never closed. Whoever opened it closes it, after all that use it. Excludes all other options
   * except `name` and `inboxPrefix`. @default none: one is opened
   */
  connection?: NatsConnection;
  /**
   * Path of a credentials file (`.creds`) with the user's JWT and seed; read again at each connection.
   * Excludes `authenticator`. @default none
   */
  credentialsFile?: string;
  /**
   * Is given the connection once, as soon as it is open and before anything else uses it; not after a
   * reconnect. What it returns is awaited. @default none
   */
  connectedHook?: (nc: NatsConnection) => unknown;
}

/** Where the JetStream API is, and how long its answers are awaited. */
export interface JetStreamOptions {
  /**
   * Prefix of the JetStream API where an account imports it under another name. Excludes `domain`.
   * @default `$JS.API`
   */
  readonly apiPrefix?: string | undefined;
  /** JetStream domain, such as that of a leaf node. Excludes `apiPrefix`. @default none */
  readonly domain?: string | undefined;
  /**
   * Of a client: the timeout of a publish, resends included, in milliseconds. Of a server: the longest that
   * an answer of the JetStream API is awaited; it has a connection of its own then.
   * @default 5000 for a client; up to 10000 for a server, depending on the call
   */
  readonly timeout?: number | undefined;
}

/**
 * Complete by its type: an option that the NATS client gets in a new version does not compile until it is
 * listed.
 */
const CONNECTION_OPTIONS: Record<keyof NatsConnectionOptions, true> = {
  servers: true,
  port: true,
  name: true,
  user: true,
  pass: true,
  token: true,
  authenticator: true,
  connection: true,
  credentialsFile: true,
  tls: true,
  connectedHook: true,
  debug: true,
  ignoreAuthErrorAbort: true,
  ignoreClusterUpdates: true,
  inboxPrefix: true,
  maxPingOut: true,
  maxReconnectAttempts: true,
  noAsyncTraces: true,
  noEcho: true,
  noRandomize: true,
  pedantic: true,
  pingInterval: true,
  reconnect: true,
  reconnectDelayHandler: true,
  reconnectJitter: true,
  reconnectJitterTLS: true,
  reconnectTimeWait: true,
  reconnectToServer: true,
  resolve: true,
  timeout: true,
  verbose: true,
  waitOnFirstConnect: true,
};
const JETSTREAM_OPTIONS: Record<keyof JetStreamOptions, true> = {
  apiPrefix: true,
  domain: true,
  timeout: true,
};

/** Options of server, client and dead letters that say how to reach NATS. */
export interface Reach {
  readonly connectionOptions?: NatsConnectionOptions | undefined;
  readonly jetStreamOptions?: JetStreamOptions | undefined;
}

/**
 * @throws {@link InvalidOptionError} naming an option that does not exist, with the list of those that do, or
 *   one that cannot work.
 */
export function checkReach({ connectionOptions = {}, jetStreamOptions = {} }: Reach): void {
  checkOptionNames(connectionOptions, CONNECTION_OPTIONS, 'connectionOptions');
  checkOptionNames(jetStreamOptions, JETSTREAM_OPTIONS, 'jetStreamOptions');
  const { servers, port } = connectionOptions;
  if (servers !== undefined && port !== undefined)
    throw new InvalidOptionError({
      option: 'connectionOptions.port',
      given: port,
      allowed: 'absent when servers is given: ports stand in its URLs',
    });
  refuseBesideConnection(connectionOptions);
  const { apiPrefix, domain, timeout } = jetStreamOptions;
  requireTokens('jetStreamOptions.apiPrefix', apiPrefix);
  requireTokens('jetStreamOptions.domain', domain);
  integerOption('jetStreamOptions.timeout', timeout, { fallback: 1, max: LONGEST_TIMER_MS });
}

/** What says how a connection is opened has no effect on one that is open. */
function refuseBesideConnection({ connection, ...others }: NatsConnectionOptions): void {
  if (connection === undefined) return;
  const { name: _name, inboxPrefix: _inboxPrefix, ...ofOpening } = others;
  const beside = Object.entries(ofOpening).find(([, given]) => given !== undefined);
  if (beside === undefined) return;
  throw new InvalidOptionError({
    option: `connectionOptions.${beside[0]}`,
    given: 'a value',
    allowed: 'absent when connection is given: it is open already',
  });
}

/** @throws {@link InvalidOptionError} when what is given cannot be part of a subject. */
function requireTokens(option: string, given: unknown): void {
  if (given === undefined || (typeof given === 'string' && /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(given))) return;
  throw new InvalidOptionError({ option, given, allowed: 'a text, as part of a subject' });
}
