import type { Authenticator, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import { fileAuthenticator, guardedAuthenticator } from './credentials.js';
import { parseServers } from './server-addresses.js';
import { withIpCheck } from './tls-identity.js';

/** The client's options that are passed on as they are. */
type PassedOn = Omit<NodeConnectionOptions, 'name' | 'servers' | 'port'>;

/**
 * How to reach NATS: all that `connect()` of `@nats-io/transport-node` takes (`user`, `pass`, `token`,
 * `authenticator`, `tls`, `inboxPrefix`, `pingInterval`, …) under the same names, with these differences:
 * `servers` is required unless `connection` is given, the client's `name` is `connectionName`, since `name`
 * is the store's, and the defaults suit a service that has to live on: reconnecting never ends
 * (`maxReconnectAttempts: -1`) and is tried every 250 ms (`reconnectTimeWait`), each try for 3 s (`timeout`);
 * a first connection that times out is tried once more. A server that has said nothing is asked for a sign of
 * life after 1 s (`pingInterval`); after more than 2 of these without one (`maxPingOut`) it is left, and
 * another connection is made.
 *
 * Credentials are asked for at each connection. A refusal when the connection is renewed does not end it: it
 * is tried again (`ignoreAuthErrorAbort: true`).
 */
export interface ConnectionOptions extends PassedOn {
  /**
   * One URL or several, such as `nats://127.0.0.1:4222`; credentials may stand in them
   * (`nats://user:pass@host`), percent-encoded. `tls://` means TLS, or an error; other schemes are refused.
   * Required, unless `connection` is given.
   */
  readonly servers?: string | string[] | undefined;
  /**
   * A connection of `@nats-io/transport-node` 3 that is open already, with whatever settings it has: it is
   * used, and never closed. Whoever opened it closes it, after all that use it. Excludes all options of a
   * connection except `inboxPrefix`, `domain` and `apiPrefix`. @default none: one is opened
   */
  readonly connection?: NatsConnection | undefined;
  /** How the connection is called in the server's monitoring. @default `jetsource <store>` */
  readonly connectionName?: string | undefined;
  /**
   * Path of a credentials file (`.creds`) with the user's JWT and seed; read again at each connection.
   * Excludes `authenticator`.
   */
  readonly credentialsFile?: string | undefined;
  /** JetStream domain, such as that of a leaf node. Excludes `apiPrefix`. @default none */
  readonly domain?: string | undefined;
  /** Prefix of the JetStream API where an account imports it under another name. @default `$JS.API` */
  readonly apiPrefix?: string | undefined;
}

/**
 * Complete by its type: an option that the client gets in a new version does not compile until it is listed.
 */
const KNOWN: Record<keyof ConnectionOptions, true> = {
  servers: true,
  connection: true,
  connectionName: true,
  credentialsFile: true,
  domain: true,
  apiPrefix: true,
  authenticator: true,
  debug: true,
  ignoreAuthErrorAbort: true,
  ignoreClusterUpdates: true,
  inboxPrefix: true,
  maxPingOut: true,
  maxReconnectAttempts: true,
  noAsyncTraces: true,
  noEcho: true,
  noRandomize: true,
  pass: true,
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
  tls: true,
  token: true,
  user: true,
  verbose: true,
  waitOnFirstConnect: true,
};

/**
 * The options as the NATS client takes them.
 *
 * @param report Is told what an authenticator throws when the connection is renewed.
 * @throws {@link InvalidOptionError} when they cannot work, or not together.
 */
export function toNatsOptions(
  options: ConnectionOptions,
  defaultName: string,
  report: (error: unknown) => void = () => undefined,
): NodeConnectionOptions {
  checkKnownOptions(options, Object.keys(KNOWN));
  const {
    connectionName,
    credentialsFile,
    connection: _connection,
    domain: _domain,
    apiPrefix: _apiPrefix,
    ...nats
  } = options;
  const { servers, credentials, isTls } = parseServers(options.servers);
  if (Object.keys(credentials).length > 0) {
    const { user, pass, token, authenticator } = nats;
    refuseTogether('servers with credentials', options.servers, {
      user,
      pass,
      token,
      authenticator,
      credentialsFile,
    });
  }
  refuseTogether('credentialsFile', credentialsFile, { authenticator: nats.authenticator });
  const authenticators = authenticatorsOf(options, report);
  return {
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    // a server that starts may hang up in the middle of a handshake, and the client (3.4.0) does not try
    // again before this is over
    timeout: 3_000,
    // users that cannot be verified for a moment are no reason to give up
    ignoreAuthErrorAbort: true,
    ...nats,
    ...credentials,
    servers,
    ...tlsOf(nats.tls, isTls, servers),
    ...(authenticators !== undefined && { authenticator: authenticators }),
    name: connectionName ?? defaultName,
  };
}

/**
 * An address with `tls://` asks for TLS: without the option the client would talk to anybody in plain text.
 */
function tlsOf(
  tls: NodeConnectionOptions['tls'],
  isTls: boolean,
  servers: readonly string[],
): Pick<NodeConnectionOptions, 'tls'> {
  if (isTls && tls === null)
    throw new InvalidOptionError({
      option: 'tls',
      given: tls,
      allowed: 'absent where servers begin with tls://',
    });
  if (isTls) return { tls: withIpCheck(tls ?? {}, servers) };
  return tls ? { tls: withIpCheck(tls, servers) } : {};
}

function authenticatorsOf(
  { authenticator, credentialsFile }: ConnectionOptions,
  report: (error: unknown) => void,
): Authenticator | Authenticator[] | undefined {
  if (credentialsFile !== undefined) return fileAuthenticator(credentialsFile);
  if (Array.isArray(authenticator)) return authenticator.map((each) => guardedAuthenticator(each, report));
  return typeof authenticator === 'function' ? guardedAuthenticator(authenticator, report) : authenticator;
}

/** Options that say how a connection is used, and not how it is opened. */
const OF_USE: ReadonlySet<string> = new Set(['connection', 'inboxPrefix', 'domain', 'apiPrefix']);

/**
 * The connection that was given; undefined where one is to be opened.
 *
 * @throws {@link InvalidOptionError} when it is none of the client's version 3, or options of one that is to
 *   be opened stand beside it.
 */
export function givenConnection(options: ConnectionOptions): NatsConnection | undefined {
  checkKnownOptions(options, Object.keys(KNOWN));
  const { connection } = options;
  if (connection === undefined) return undefined;
  if (!isConnection(connection))
    throw new InvalidOptionError({
      option: 'connection',
      given: connection,
      allowed: 'an open connection, as connect() of @nats-io/transport-node 3 returns it',
    });
  const others = Object.entries(options).filter(([name]) => !OF_USE.has(name));
  refuseTogether('connection', connection, Object.fromEntries(others));
  return connection;
}

/** A connection of the older package `nats` can do more, and its messages have other methods. */
function isConnection(given: unknown): given is NatsConnection {
  const { publish, status, flush, jetstream } = Object(given) as Record<string, unknown>;
  return [publish, status, flush].every((method) => typeof method === 'function') && jetstream === undefined;
}

/** What stands before the JetStream API's subjects. */
export function apiPrefixOf(options: ConnectionOptions): string {
  refuseTogether('domain', options.domain, { apiPrefix: options.apiPrefix });
  return options.domain === undefined ? (options.apiPrefix ?? '$JS.API') : `$JS.${options.domain}.API`;
}

/** @throws {@link InvalidOptionError} when the option is given together with one of the others. */
function refuseTogether(option: string, given: unknown, others: Readonly<Record<string, unknown>>): void {
  const other = Object.keys(others).find((name) => others[name] !== undefined);
  if (given === undefined || other === undefined) return;
  throw new InvalidOptionError({
    option: other,
    given: 'a value',
    allowed: `absent when ${option} is given`,
  });
}
