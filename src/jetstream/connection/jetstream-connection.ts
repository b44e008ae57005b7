import {
  connect,
  createInbox,
  type Msg,
  type NatsConnection,
  type NodeConnectionOptions,
  PermissionViolationError,
  TimeoutError,
} from '@nats-io/transport-node';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { ConnectionClosedError, NatsError } from './connection-errors.js';
import { sleep } from '../../kernel/sleep.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { JetStreamApi } from '../api/jetstream-api.js';
import { apiPrefixOf, type ConnectionOptions, toNatsOptions } from './connection-options.js';
import { Outbox } from './outbox.js';
import { isNoResponders, ReplyInbox } from './reply-inbox.js';

/** How long a request waits for its answer before it is sent again: first, and at most. */
const REQUEST_TIMEOUT_MS = { first: 500, max: 5_000 };

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
  readonly #stateChanged: Wakeup;
  #connected = true;

  private constructor(nc: NatsConnection, apiPrefix: string, inboxPrefix = '_INBOX') {
    this.inboxPrefix = inboxPrefix;
    const inbox = new ReplyInbox(nc, inboxPrefix);
    this.inbox = inbox;
    this.nc = withNote(nc, (subject, reply) => inbox.noteSent(subject, reply));
    this.outbox = new Outbox(this.nc);
    this.api = new JetStreamApi(this, apiPrefix);
    this.#stateChanged = new Wakeup(inbox.timeouts);
    void this.#watch();
  }

  /** @throws {@link NatsError} when no server can be reached, or refuses. */
  static async open(options: ConnectionOptions, defaultName: string): Promise<JetStreamConnection> {
    const natsOptions = toNatsOptions(options, defaultName);
    const apiPrefix = apiPrefixOf(options);
    try {
      return new JetStreamConnection(await connectTo(natsOptions), apiPrefix, options.inboxPrefix);
    } catch (cause) {
      const servers = [natsOptions.servers ?? '127.0.0.1:4222'].flat().join(', ');
      throw new NatsError(`cannot connect to NATS at ${servers}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /** @internal Over a connection that is there already: for specs without a server. */
  static over(nc: NatsConnection): JetStreamConnection {
    return new JetStreamConnection(nc, apiPrefixOf({ servers: [] }));
  }

  /** The largest message that the server takes, headers included, in bytes. */
  get maxPayload(): number {
    return this.nc.info?.max_payload ?? 1_048_576;
  }

  get serverVersion(): string {
    return this.nc.info?.version ?? 'unknown';
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
  async request(subject: string, payload: Uint8Array, deadline: Deadline): Promise<Msg> {
    const backoff = new Backoff(20, 500);
    let timeoutMs = REQUEST_TIMEOUT_MS.first;
    let last = 'no server was connected';
    while (await this.whenConnected(deadline)) {
      const limits = { timeoutMs: Math.min(timeoutMs, deadline.leftMs), signal: deadline.signal };
      const reply = await this.inbox.first((to) => this.nc.publish(subject, payload, { reply: to }), limits);
      if (reply !== undefined && !isNoResponders(reply)) return reply;
      last = reply === undefined ? 'no answer came' : 'nobody serves that subject';
      if (reply === undefined) timeoutMs = Math.min(timeoutMs * 2, REQUEST_TIMEOUT_MS.max);
      else await sleep(Math.min(backoff.next(), deadline.leftMs), deadline.signal);
    }
    deadline.signal?.throwIfAborted();
    throw new NatsError(
      `${subject}: ${last} within ${deadline.totalMs} ms; is the server up, with JetStream?`,
    );
  }

  /**
   * Sends once, with the answers going to `reply`, if anywhere. A connection that is closed, or about to be,
   * sends nothing.
   */
  send(subject: string, payload: Uint8Array, reply?: string): void {
    if (this.nc.isClosed() || this.nc.isDraining()) return;
    this.nc.publish(subject, payload, reply === undefined ? {} : { reply });
  }

  /** Closes after what is buffered has been sent. Safe to call twice. */
  async close(): Promise<void> {
    this.outbox.flush();
    if (!this.nc.isClosed()) await this.nc.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect') this.#connected = false;
      if (status.type === 'error') this.#fail(status.error);
      if (status.type !== 'reconnect') continue;
      this.#connected = true;
      this.#stateChanged.wake();
      for (const listener of [...this.#reconnected]) listener();
    }
    // the connection is closed: the waiting calls notice it by themselves
    this.#stateChanged.wake();
    for (const listener of [...this.#closed]) listener();
  }

  /** The client reports the refusal of a subscription to the subscription itself. */
  #fail(error: Error): void {
    if (error instanceof PermissionViolationError && error.operation === 'publish')
      this.inbox.refuse(error.subject);
  }
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
 * The connection, telling what it publishes with a reply subject: a refusal names the subject only, not the
 * request.
 */
function withNote(nc: NatsConnection, onSent: (subject: string, reply: string) => void): NatsConnection {
  const noting = Object.create(nc) as NatsConnection;
  noting.publish = (subject, payload, options) => {
    nc.publish(subject, payload, options);
    if (options?.reply !== undefined) onSent(subject, options.reply);
  };
  return noting;
}
