import {
  connect,
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type NodeConnectionOptions,
  PermissionViolationError,
  TimeoutError,
} from '@nats-io/transport-node';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { ConnectionClosedError, NatsError } from './connection-errors.js';
import { sleep } from '../../kernel/sleep.js';
import { type ApiFault, isTransient } from '../api-codes.js';
import { apiPrefixOf, type ConnectionOptions, toNatsOptions } from './connection-options.js';
import { Outbox } from './outbox.js';
import { isNoResponders, ReplyInbox } from './reply-inbox.js';

/** How long a request waits for its answer before it is sent again: first, and at most. */
const REQUEST_TIMEOUT_MS = { first: 500, max: 5_000 };

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array();

/** A connection to NATS as the rest of jetsource uses it: requests that are resent until a deadline, and news of reconnects. */
export class JetStreamConnection {
  readonly nc: NatsConnection;
  readonly inbox: ReplyInbox;
  readonly outbox: Outbox;
  readonly apiPrefix: string;
  /** What subjects begin with that answers are sent to. */
  readonly inboxPrefix: string;
  readonly #reconnected = new Set<() => void>();
  readonly #closed = new Set<() => void>();
  readonly #waiting = new Set<() => void>();
  #connected = true;

  private constructor(nc: NatsConnection, apiPrefix: string, inboxPrefix = '_INBOX') {
    this.apiPrefix = apiPrefix;
    this.inboxPrefix = inboxPrefix;
    const inbox = new ReplyInbox(nc, inboxPrefix);
    this.inbox = inbox;
    this.nc = withNote(nc, (subject, reply) => inbox.noteSent(subject, reply));
    this.outbox = new Outbox(this.nc);
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

  /** A subject that nobody else listens to, below the configured prefix. */
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
   * Sends when a server is there: the client would buffer what is sent in between, and send stale resends in one burst.
   *
   * @returns false when the deadline passed first.
   */
  async whenConnected(deadline: Deadline): Promise<boolean> {
    while (!deadline.passed) {
      if (this.nc.isClosed()) throw new ConnectionClosedError('the connection to NATS');
      if (this.#connected) return true;
      await this.#stateChange(deadline);
    }
    return false;
  }

  /**
   * The answer to a request that may safely be repeated. Resent while nobody serves the subject or no answer comes.
   *
   * @throws {@link NatsError} when the deadline passes without an answer.
   */
  async request(subject: string, payload: Uint8Array, deadline: Deadline, headers?: MsgHdrs): Promise<Msg> {
    const backoff = new Backoff(20, 500);
    let timeoutMs = REQUEST_TIMEOUT_MS.first;
    let last = 'no server was connected';
    while (await this.whenConnected(deadline)) {
      const reply = await this.#once(
        subject,
        payload,
        Math.min(timeoutMs, deadline.leftMs),
        deadline,
        headers,
      );
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

  /** A call of the JetStream API: its answer, or the error it answered with. */
  async api<T>(call: string, body: object | undefined, deadline: Deadline): Promise<T | { error: ApiFault }> {
    const payload = body === undefined ? EMPTY : utf8.encode(JSON.stringify(body));
    const backoff = new Backoff(20, 500);
    for (;;) {
      const reply = await this.request(`${this.apiPrefix}.${call}`, payload, deadline);
      const answer = reply.json<T | { error: ApiFault }>();
      if (!isFault(answer) || !isTransient(answer.error) || deadline.passed) return answer;
      await sleep(Math.min(backoff.next(), deadline.leftMs), deadline.signal);
    }
  }

  /** Closes after what is buffered has been sent. Safe to call twice. */
  async close(): Promise<void> {
    this.outbox.flush();
    if (!this.nc.isClosed()) await this.nc.close();
  }

  async #once(
    subject: string,
    payload: Uint8Array,
    timeoutMs: number,
    deadline: Deadline,
    headers?: MsgHdrs,
  ): Promise<Msg | undefined> {
    return this.inbox.first(
      (reply) => this.nc.publish(subject, payload, { reply, ...(headers !== undefined && { headers }) }),
      timeoutMs,
      deadline.signal,
    );
  }

  async #stateChange(deadline: Deadline): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#waiting.delete(done);
        deadline.signal?.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.inbox.timeouts.after(deadline.leftMs, done);
      this.#waiting.add(done);
      deadline.signal?.addEventListener('abort', done);
    });
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect') this.#connected = false;
      if (status.type === 'error') this.#fail(status.error);
      if (status.type !== 'reconnect') continue;
      this.#connected = true;
      for (const listener of [...this.#waiting, ...this.#reconnected]) listener();
    }
    // the connection is closed: whoever waits finds that out by itself
    for (const listener of [...this.#waiting, ...this.#closed]) listener();
  }

  /** A subscription is told of its own refusal by the client. */
  #fail(error: Error): void {
    if (error instanceof PermissionViolationError && error.operation === 'publish')
      this.inbox.refuse(error.subject);
  }
}

/**
 * A process that starts may be busy for seconds (a database that compiles itself), and its timers are due before it looks at what has arrived:
 * a connection that timed out gets a second try.
 */
async function connectTo(options: NodeConnectionOptions): Promise<NatsConnection> {
  try {
    return await connect(options);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return connect(options);
  }
}

/** The connection, telling what it publishes with a reply subject: a refusal names the subject only, not the request. */
function withNote(nc: NatsConnection, onSent: (subject: string, reply: string) => void): NatsConnection {
  const noting = Object.create(nc) as NatsConnection;
  noting.publish = (subject, payload, options) => {
    nc.publish(subject, payload, options);
    if (options?.reply !== undefined) onSent(subject, options.reply);
  };
  return noting;
}

/** Whether an answer of the JetStream API is an error. */
export function isFault(answer: unknown): answer is { error: ApiFault } {
  return typeof answer === 'object' && answer !== null && 'error' in answer;
}

/** A fault that jetsource has no better word for. */
export function unexpectedFault(what: string, fault: ApiFault): NatsError {
  return new NatsError(`${what}: ${fault.description ?? 'unknown error'} (${fault.err_code ?? fault.code})`);
}
