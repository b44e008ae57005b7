import {
  createInbox,
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  PermissionViolationError,
  type Subscription,
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
  /**
   * Told when no reply can come any more, since the connection was renewed or closed. Only requests to the
   * server have it: others may take their time, and their silence says nothing about the server.
   */
  readonly onInterrupt: (() => void) | undefined;
  readonly number: number;
  /** Where it was sent: several subjects for a batch, none once it has been told of a refusal. */
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
  #subscription: Subscription | undefined;
  #nextToken = 0;
  /** Whether any reply has come since the last look. */
  #heard = false;
  /** Whether any reply has come on the subscription at all. */
  #works = false;
  /** Requests that were made before the last look have a smaller number. */
  #lookedUpTo = 0;

  constructor(nc: NatsConnection, inboxPrefix: string | undefined) {
    this.#nc = nc;
    this.#prefix = `${createInbox(inboxPrefix)}.`;
    this.#subscribe();
  }

  /**
   * @param onInterrupt For requests to the server: told when no reply can come any more, since the connection
   * was renewed or closed.
   */
  open(onReply: (reply: Msg) => void, onInterrupt?: () => void): ReplyAddress {
    // once refused, it may be permitted by now; if not, the server says so again
    if (!this.#subscribed) this.#subscribe();
    const number = this.#nextToken++;
    const token = number.toString(36);
    this.#open.set(token, { onReply, onInterrupt, number, targets: [] });
    return { subject: this.#prefix + token, close: () => this.#open.delete(token) };
  }

  /** Whether requests to the server have waited since the last look, and none has been answered. */
  isUnanswered(): boolean {
    const isUnanswered = !this.#heard && this.#hasWaiting();
    this.#heard = false;
    this.#lookedUpTo = this.#nextToken;
    return isUnanswered;
  }

  #hasWaiting(): boolean {
    for (const { onInterrupt, number } of this.#open.values()) {
      if (number >= this.#lookedUpTo) return false;
      if (onInterrupt !== undefined) return true;
    }
    return false;
  }

  /** What was sent before is answered by nobody: those who wait may send again, or give up. */
  interrupt(): void {
    for (const { onInterrupt } of [...this.#open.values()]) onInterrupt?.();
  }

  /** Listens to no more answers: who waits for one finds out that the connection is over. */
  end(): void {
    this.#subscription?.unsubscribe();
    this.interrupt();
  }

  /** Is told of all that the connection publishes with a reply subject. */
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
   * The server takes no more subscriptions. It does not say which one it refused: the inbox's it is not where
   * a reply has come.
   */
  refuseSubscription(reason: string): void {
    if (!this.#works) this.#refuseInbox(`the server refused the subscription to answers: ${reason}`);
  }

  /** No answer can come. Only requests that change nothing may be told that they failed. */
  #refuseInbox(reason: string): void {
    this.#subscribed = false;
    for (const request of [...this.#open.values()]) {
      const changesNothing = request.targets.length > 0 && request.targets.every(isReadSubject);
      if (changesNothing) this.#tell(request, reason);
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
    const onReply = (reply: Msg): void => {
      first ??= reply;
      replied.wake();
    };
    const address = this.open(onReply, () => replied.wake());
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
    this.#subscription = this.#nc.subscribe(`${this.#prefix}*`, {
      callback: (error, reply) => this.#dispatch(error, reply),
    });
  }

  #dispatch(error: Error | null, reply: Msg): void {
    if (error instanceof PermissionViolationError)
      return this.#refuseInbox(mayNotSubscribe(`${this.#prefix}*`));
    // any other error is the end of the subscription, which the connection's status reports
    if (error !== null) return;
    this.#heard = true;
    this.#works = true;
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

/** Why a message was not taken. */
export function mayNotPublish(subject: string): string {
  return `this user may not publish to ${subject}; permit that subject (docs/security.md)`;
}

/** Why nothing arrives. */
export function mayNotSubscribe(subject: string): string {
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
