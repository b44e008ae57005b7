import {
  createInbox,
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  PermissionViolationError,
} from '@nats-io/transport-node';
import { TimeoutWheel } from '../../kernel/timeout-wheel.js';
import { type WaitOptions, Wakeup } from '../../kernel/wakeup.js';
import { FORBIDDEN } from '../api/api-codes.js';
import { isReadSubject } from '../api/api-subjects.js';

/** An address that replies to one request, or to all resends of it, arrive at. */
export interface ReplyAddress {
  readonly subject: string;
  close(): void;
}

/** A request that waits for replies. */
interface OpenRequest {
  readonly onReply: (reply: Msg) => void;
  /** The subjects it was sent to: several for a batch, none once its refusal has been reported. */
  targets: string[];
}

/**
 * One wildcard subscription for all replies: a token in the subject finds the request, one timer serves all
 * timeouts.
 *
 * The server does not reply to a message that the user may not send. It reports the refused subject on the
 * connection. The inbox turns the report into a reply ({@link Refusal}), so that a request ends with its
 * reason instead of a timeout.
 */
export class ReplyInbox {
  readonly timeouts = new TimeoutWheel();
  readonly #nc: NatsConnection;
  readonly #prefix: string;
  readonly #open = new Map<string, OpenRequest>();
  #subscribed = false;
  #nextToken = 0;

  constructor(nc: NatsConnection, inboxPrefix: string | undefined) {
    this.#nc = nc;
    this.#prefix = `${createInbox(inboxPrefix)}.`;
    this.#subscribe();
  }

  open(onReply: (reply: Msg) => void): ReplyAddress {
    // once refused, it may be permitted by now; if not, the server says so again
    if (!this.#subscribed) this.#subscribe();
    const token = (this.#nextToken++).toString(36);
    this.#open.set(token, { onReply, targets: [] });
    return { subject: this.#prefix + token, close: () => this.#open.delete(token) };
  }

  /** Called with every message that the connection publishes with a reply subject. */
  noteSent(target: string, reply: string): void {
    if (!reply.startsWith(this.#prefix)) return;
    const request = this.#open.get(reply.slice(this.#prefix.length));
    if (request !== undefined && !request.targets.includes(target)) request.targets.push(target);
  }

  /**
   * The user may not publish to that subject: the server says so once for each message, so the request that
   * waits longest is meant.
   */
  refuse(subject: string): void {
    for (const request of this.#open.values()) {
      if (request.targets.includes(subject)) return this.#tell(request, mayNotPublish(subject));
    }
  }

  /**
   * The user may not subscribe to the inbox: no answer can come. Only requests that change nothing may fail
   * for it.
   */
  #refuseInbox(): void {
    this.#subscribed = false;
    for (const request of [...this.#open.values()]) {
      const changesNothing = request.targets.length > 0 && request.targets.every(isReadSubject);
      if (changesNothing) this.#tell(request, mayNotSubscribe(`${this.#prefix}*`));
    }
  }

  #tell(request: OpenRequest, reason: string): void {
    request.targets = [];
    request.onReply(new Refusal(reason));
  }

  /** The first reply, or undefined when none came in time, or before the caller gave up. */
  async first(send: (replySubject: string) => void, limits: WaitOptions): Promise<Msg | undefined> {
    const replied = new Wakeup(this.timeouts);
    let first: Msg | undefined;
    const address = this.open((reply) => {
      first ??= reply;
      replied.wake();
    });
    try {
      send(address.subject);
      if (first === undefined) await replied.wait(limits);
      return first;
    } finally {
      address.close();
    }
  }

  #subscribe(): void {
    this.#subscribed = true;
    this.#nc.subscribe(`${this.#prefix}*`, { callback: (error, reply) => this.#dispatch(error, reply) });
  }

  #dispatch(error: Error | null, reply: Msg): void {
    if (error instanceof PermissionViolationError) return this.#refuseInbox();
    // any other error is the end of the subscription, which the connection's status reports
    if (error !== null) return;
    this.#open.get(reply.subject.slice(this.#prefix.length))?.onReply(reply);
  }
}

/**
 * What the server would have answered, in the shape of both its APIs: a status for direct gets, JSON for the
 * rest.
 */
class Refusal implements Msg {
  readonly subject = '';
  readonly sid = 0;
  readonly data = new Uint8Array();
  readonly headers: MsgHdrs;
  readonly #reason: string;

  constructor(reason: string) {
    this.#reason = reason;
    this.headers = headers(FORBIDDEN, reason);
  }

  respond(): boolean {
    return false;
  }

  json<T>(): T {
    return JSON.parse(this.string()) as T;
  }

  string(): string {
    return JSON.stringify({ error: { code: FORBIDDEN, description: this.#reason } });
  }
}

function mayNotPublish(subject: string): string {
  return `this user may not publish to ${subject}; permit that subject (docs/security.md)`;
}

function mayNotSubscribe(subject: string): string {
  return `this user may not subscribe to ${subject}; permit it, or set inboxPrefix to what is permitted (docs/security.md)`;
}

/** Why the user may not send the request, or hear its answer; undefined for a reply that came. */
export function refusalOf(reply: Msg): string | undefined {
  return reply instanceof Refusal ? reply.headers.description : undefined;
}

/** Whether the reply says that nobody serves the subject. */
export function isNoResponders(reply: Msg): boolean {
  return reply.data.length === 0 && reply.headers?.code === 503;
}
