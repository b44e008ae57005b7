import {
  AuthorizationError,
  connect,
  createInbox,
  type Msg,
  type NatsConnection,
  type NodeConnectionOptions,
  PermissionViolationError,
  type Status,
  TimeoutError,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node';
import { abortable } from '../../kernel/abortable.js';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { ConnectionClosedError, NatsError } from './connection-errors.js';
import { sleep } from '../../kernel/sleep.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { JetStreamApi, type ServerRequest } from '../api/jetstream-api.js';
import { apiPrefixOf, type ConnectionOptions, givenConnection, toNatsOptions } from './connection-options.js';
import { requireFit } from '../names/subject-length.js';
import { type LifeSignOptions, LifeSigns } from './life-signs.js';
import { discardSocket, NatsLine, NextServer } from './nats-line.js';
import { Outbox } from './outbox.js';
import { isNoResponders, ReplyInbox } from './reply-inbox.js';

/** How long a request waits for its answer before it is sent again: first, and at most. */
const REQUEST_TIMEOUT_MS = { first: 500, max: 5_000 };
/** How long a close waits for the client to let go. */
const CLOSE_MS = 1_000;
/** A client (3.4.0) that is told of no limit tells it by these words. */
const TOO_MANY_SUBSCRIPTIONS = /maximum subscriptions exceeded/i;

/** A leader that woke up needs a moment to hear that there is another. */
const WAKING_MS = 100;

/** Elections begin after 4 s: what took less than half of that is an answer of the leader of that moment. */
const LEADER_ANSWER_MS = 2_000;

/** Status changes; the client's can be ended. */
type StatusFeed = AsyncIterable<Status> & { stop?: () => void };

/** Whether a connection is used by this object any more, and what ends with its use. */
interface Use {
  isOver: boolean;
  readonly statuses: StatusFeed[];
}

/** Where answers are sent to, and how the JetStream API is reached. */
interface Addressing {
  readonly apiPrefix: string;
  readonly apiTimeoutMs?: number | undefined;
  readonly inboxPrefix?: string | undefined;
}

/**
 * A connection to NATS as the rest of jetsource uses it: requests that are resent until a deadline, and news
 * of reconnects.
 */
export class JetStreamConnection {
  readonly nc: NatsConnection;
  readonly inbox: ReplyInbox;
  readonly outbox: Outbox;
  readonly api: JetStreamApi;
  /** What subjects begin with that answers are sent to. */
  readonly inboxPrefix: string;
  readonly #reconnected = new Set<() => void>();
  readonly #closed = new Set<() => void>();
  readonly #serverErrors = new Set<(error: Error) => void>();
  readonly #refused = new Set<(reason: string) => void>();
  readonly #stateChanged: Wakeup;
  readonly #apiTimeoutMs: number | undefined;
  readonly #use: Use = { isOver: false, statuses: [] };
  /** Whether somebody else opened the connection, and closes it. */
  #isBorrowed = false;
  #connected = true;
  /** How many there have been, of which this is the last. */
  #connections = 1;
  #lifeSigns: LifeSigns | undefined;
  /** What the server has complained of last on this connection. */
  #complaint: string | undefined;
  /** Refusals that have been reported since the connection was lost. */
  readonly #reported = new Set<string>();

  private constructor(nc: NatsConnection, { apiPrefix, apiTimeoutMs, inboxPrefix = '_INBOX' }: Addressing) {
    this.inboxPrefix = inboxPrefix;
    const inbox = new ReplyInbox(nc, inboxPrefix);
    this.inbox = inbox;
    this.nc = used(nc, this.#use, (subject, reply) => inbox.noteSent(subject, reply));
    this.outbox = new Outbox(this.nc);
    this.api = new JetStreamApi(this, apiPrefix, apiTimeoutMs);
    this.#apiTimeoutMs = apiTimeoutMs;
    this.#stateChanged = new Wakeup(inbox.timeouts);
    void this.#watch();
  }

  /**
   * @param apiTimeoutMs The longest that an answer of the JetStream API is awaited, in milliseconds. @default
   *   what each call allows
   * @throws {@link NatsError} when no server can be reached, or refuses.
   * @throws {@link ConnectionClosedError} when the connection that was given is closed.
   */
  static async open(
    options: ConnectionOptions,
    defaultName: string,
    apiTimeoutMs?: number,
  ): Promise<JetStreamConnection> {
    const given = givenConnection(options);
    if (given !== undefined) return JetStreamConnection.#borrow(given, options, apiTimeoutMs);
    let connection: JetStreamConnection | undefined;
    const report = (error: unknown): void => {
      if (connection !== undefined) connection.#report((error as Error).message);
    };
    const natsOptions = toNatsOptions(options, defaultName, report);
    const apiPrefix = apiPrefixOf(options);
    const next = new NextServer();
    try {
      const nc = await connectTo({ reconnectToServer: next.choose, ...natsOptions });
      connection = new JetStreamConnection(nc, { apiPrefix, apiTimeoutMs, inboxPrefix: options.inboxPrefix });
    } catch (cause) {
      throw cannotConnect(natsOptions, options, cause as Error);
    }
    const { pingInterval: pingIntervalMs, maxPingOut } = options;
    connection.#watchLife(next, { pingIntervalMs, maxPingOut });
    return connection;
  }

  /** Waits until a server is connected: what is sent meanwhile would be buffered. */
  static async #borrow(
    nc: NatsConnection,
    options: ConnectionOptions,
    apiTimeoutMs: number | undefined,
  ): Promise<JetStreamConnection> {
    if (nc.isClosed() || nc.isDraining()) throw new ConnectionClosedError('the connection that was given');
    const apiPrefix = apiPrefixOf(options);
    const connection = new JetStreamConnection(nc, {
      apiPrefix,
      apiTimeoutMs,
      inboxPrefix: options.inboxPrefix,
    });
    connection.#isBorrowed = true;
    await nc.flush();
    return connection;
  }

  /** @internal Over a connection that is there already: for specs without a server. */
  static over(nc: NatsConnection): JetStreamConnection {
    return new JetStreamConnection(nc, { apiPrefix: apiPrefixOf({ servers: [] }) });
  }

  /** The largest message that the server takes, headers included, in bytes. */
  get maxPayload(): number {
    return this.nc.info?.max_payload ?? 1_048_576;
  }

  get serverVersion(): string {
    return this.nc.info?.version ?? 'unknown';
  }

  /** The API of a JetStream domain; of the connection's own where none is given. */
  apiIn(domain: string | undefined): JetStreamApi {
    if (domain === undefined) return this.api;
    return new JetStreamApi(this, apiPrefixOf({ servers: [], domain }), this.#apiTimeoutMs);
  }

  /** An unused subject below the configured prefix. */
  newInbox(): string {
    return createInbox(this.inboxPrefix);
  }

  /** Calls back after each reconnect; returns how to stop that. */
  onReconnect(listener: () => void): () => void {
    this.#reconnected.add(listener);
    return () => this.#reconnected.delete(listener);
  }

  /** Calls back when the connection is closed for good; returns how to stop that. */
  onClose(listener: () => void): () => void {
    this.#closed.add(listener);
    return () => this.#closed.delete(listener);
  }

  /** Calls back with each error that the server tells of the connection; returns how to stop that. */
  onServerError(listener: (error: Error) => void): () => void {
    this.#serverErrors.add(listener);
    return () => this.#serverErrors.delete(listener);
  }

  /**
   * Calls back when a server refuses to take the connection back, such as for a token that has expired. It is
   * tried again; each reason is told once until it succeeds. Without a listener it is a warning of the
   * process. Returns how to stop that.
   */
  onRefused(listener: (reason: string) => void): () => void {
    this.#refused.add(listener);
    return () => this.#refused.delete(listener);
  }

  /**
   * Sends when a server is connected: the client would buffer what is sent meanwhile, and send stale resends
   * in one burst.
   *
   * @returns false when the deadline passed first.
   */
  async whenConnected(deadline: Deadline): Promise<boolean> {
    while (!deadline.passed) {
      if (this.nc.isClosed()) throw new ConnectionClosedError('the connection to NATS');
      if (this.#connected) return true;
      await this.#stateChanged.wait({ timeoutMs: deadline.leftMs, signal: deadline.signal });
    }
    return false;
  }

  /**
   * The answer to a request that may safely be repeated. It is resent while there are no responders or no
   * answer comes.
   *
   * @throws {@link NatsError} when the deadline passes without an answer.
   */
  async request({ subject, payload, fromLeader = false }: ServerRequest, deadline: Deadline): Promise<Msg> {
    const backoff = new Backoff(20, 500);
    const longestMs = fromLeader ? LEADER_ANSWER_MS : REQUEST_TIMEOUT_MS.max;
    let timeoutMs = REQUEST_TIMEOUT_MS.first;
    let last = 'no server was connected';
    let wasSilent = false;
    let connections = this.#connections;
    while (await this.whenConnected(deadline)) {
      // the silence was another server's
      if (connections !== this.#connections) timeoutMs = REQUEST_TIMEOUT_MS.first;
      connections = this.#connections;
      const limits = { timeoutMs: Math.min(timeoutMs, deadline.leftMs), signal: deadline.signal };
      const sentAt = performance.now();
      const reply = await this.inbox.first((to) => this.nc.publish(subject, payload, { reply: to }), limits);
      const isOld = fromLeader && (wasSilent || performance.now() - sentAt > LEADER_ANSWER_MS);
      if (reply !== undefined && !isNoResponders(reply) && !isOld) return reply;
      last = describe(reply, isOld);
      wasSilent = reply === undefined;
      if (reply === undefined) timeoutMs = Math.min(timeoutMs * 2, longestMs);
      else await sleep(Math.min(isOld ? WAKING_MS : backoff.next(), deadline.leftMs), deadline.signal);
    }
    deadline.signal?.throwIfAborted();
    throw this.unanswered(subject, `${last} within ${deadline.totalMs} ms`);
  }

  /** A request that came to nothing, with what the server complained of last. */
  unanswered(subject: string, what: string): NatsError {
    const complaint = this.#complaint === undefined ? '' : `; the server said: ${this.#complaint}`;
    return new NatsError(`${subject}: ${what}; is the server up, with JetStream?${complaint}`);
  }

  /**
   * Sends once, with the answers going to `reply`, if anywhere. A connection that is closed, or about to be,
   * sends nothing.
   */
  send(subject: string, payload: Uint8Array, reply?: string): void {
    if (this.nc.isClosed() || this.nc.isDraining()) return;
    this.nc.publish(subject, payload, reply === undefined ? {} : { reply });
  }

  /**
   * Closes after what is buffered has been sent, as far as somebody takes it. A connection that was given
   * stays open; only its use is over. Safe to call twice.
   */
  async close(): Promise<void> {
    this.#lifeSigns?.stop();
    this.outbox.flush();
    if (this.nc.isClosed()) return;
    if (this.#isBorrowed) return this.#giveBack();
    await abortable(this.nc.close(), [AbortSignal.timeout(CLOSE_MS)]).catch(() => undefined);
    discardSocket(this.nc);
  }

  async #giveBack(): Promise<void> {
    this.#use.isOver = true;
    this.inbox.end();
    await abortable(this.nc.flush(), [AbortSignal.timeout(CLOSE_MS)]).catch(() => undefined);
    for (const status of this.#use.statuses) status.stop?.();
  }

  #watchLife(next: NextServer, options: LifeSignOptions): void {
    const { nc, inbox } = this;
    const line = new NatsLine({ nc, inbox, next, isConnected: () => this.#connected });
    this.#lifeSigns = new LifeSigns(line, options);
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect') this.#connected = false;
      if (status.type === 'error') this.#noteError(status.error);
      if (status.type === 'reconnect') this.#noteReconnect();
    }
    this.#lifeSigns?.stop();
    // the connection is closed: those who wait find that out by themselves
    this.#stateChanged.wake();
    this.inbox.interrupt();
    for (const listener of [...this.#closed]) listener();
  }

  #noteReconnect(): void {
    this.#connected = true;
    this.#connections += 1;
    this.#complaint = undefined;
    this.#reported.clear();
    this.#stateChanged.wake();
    for (const listener of [...this.#reconnected]) listener();
    this.inbox.interrupt();
  }

  /** A subscription is told of its own refusal by the client. */
  #noteError(error: Error): void {
    const { message } = error;
    if (error instanceof PermissionViolationError) {
      if (error.operation === 'publish') this.inbox.refuse(error.subject);
    } else {
      this.#complaint = message;
    }
    if (TOO_MANY_SUBSCRIPTIONS.test(message)) this.inbox.refuseSubscription(message);
    const isRefusal = error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError;
    if (isRefusal) this.#report(message);
    for (const listener of [...this.#serverErrors]) listener(error);
  }

  #report(reason: string): void {
    if (this.#reported.has(reason)) return;
    this.#reported.add(reason);
    const told = `the server refuses the connection, which is tried again: ${reason}`;
    for (const listener of [...this.#refused]) listener(told);
    if (this.#refused.size === 0) process.emitWarning(told, 'JetsourceWarning');
  }
}

function describe(reply: Msg | undefined, isOld: boolean): string {
  if (reply === undefined) return 'no answer came';
  return isOld ? 'only answers came that may be older than an election' : 'nobody serves that subject';
}

/** Why there is no connection. A password with a `%` that was not encoded is another password. */
function cannotConnect(
  { servers }: NodeConnectionOptions,
  options: ConnectionOptions,
  cause: Error,
): NatsError {
  const at = [servers ?? '127.0.0.1:4222'].flat().join(', ');
  const isEncoded = [options.servers ?? []].flat().some((url) => /%.*@/.test(url));
  const hint =
    cause instanceof AuthorizationError && isEncoded
      ? '; what stands before the host of a URL is percent-decoded: write %25 for %, or give user and pass'
      : '';
  return new NatsError(`cannot connect to NATS at ${at}: ${cause.message}${hint}`, { cause });
}

/**
 * A process that starts may be busy for seconds (a database that compiles itself), and its timers are due
 * before it looks at what has arrived: a connection that timed out gets a second try.
 */
async function connectTo(options: NodeConnectionOptions): Promise<NatsConnection> {
  try {
    return await connect(options);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return connect(options);
  }
}

/**
 * The connection as its user sees it: it is closed when the use is over. It tells what it publishes with a
 * reply subject: a refusal names the subject only, not the request. A line that no server takes is not sent:
 * the server would cut the connection of all its users.
 */
function used(
  nc: NatsConnection,
  use: Use,
  onSent: (subject: string, reply: string) => void,
): NatsConnection {
  const noting = Object.create(nc) as NatsConnection;
  noting.isClosed = () => use.isOver || nc.isClosed();
  noting.status = () => {
    const status: StatusFeed = nc.status();
    use.statuses.push(status);
    return status;
  };
  noting.subscribe = (subject, options) => {
    if (use.isOver) throw new ConnectionClosedError('the connection to NATS');
    requireFit(subject, options?.queue);
    return nc.subscribe(subject, options);
  };
  noting.publish = (subject, payload, options) => {
    if (use.isOver) throw new ConnectionClosedError('the connection to NATS');
    requireFit(subject, options?.reply);
    nc.publish(subject, payload, options);
    if (options?.reply !== undefined) onSent(subject, options.reply);
  };
  return noting;
}
