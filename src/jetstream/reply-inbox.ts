import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { TimeoutWheel } from '../kernel/timeout-wheel.js';

/** An address that replies to one request, or to all resends of it, arrive at. */
export interface ReplyAddress {
  readonly subject: string;
  close(): void;
}

/** One wildcard subscription for all replies: a token in the subject finds the request, one timer serves all timeouts. */
export class ReplyInbox {
  readonly timeouts = new TimeoutWheel();
  readonly #prefix: string;
  readonly #handlers = new Map<string, (reply: Msg) => void>();
  #nextToken = 0;

  constructor(nc: NatsConnection, inboxPrefix: string | undefined) {
    this.#prefix = `${createInbox(inboxPrefix)}.`;
    nc.subscribe(`${this.#prefix}*`, { callback: (error, reply) => this.#dispatch(error, reply) });
  }

  open(onReply: (reply: Msg) => void): ReplyAddress {
    const token = (this.#nextToken++).toString(36);
    this.#handlers.set(token, onReply);
    return { subject: this.#prefix + token, close: () => this.#handlers.delete(token) };
  }

  /** The first reply, or undefined when none came in time, or before the caller gave up. */
  async first(
    send: (replySubject: string) => void,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Msg | undefined> {
    return new Promise((resolve, reject) => {
      const close = (): void => {
        cancel();
        address.close();
        signal?.removeEventListener('abort', giveUp);
      };
      const settle = (reply: Msg | undefined): void => {
        close();
        resolve(reply);
      };
      const giveUp = (): void => settle(undefined);
      const address = this.open(settle);
      const cancel = this.timeouts.after(timeoutMs, giveUp);
      signal?.addEventListener('abort', giveUp);
      try {
        send(address.subject);
      } catch (error) {
        close();
        reject(error as Error);
      }
    });
  }

  #dispatch(error: Error | null, reply: Msg): void {
    // an error here is the end of the subscription, which the connection's status reports
    if (error !== null) return;
    this.#handlers.get(reply.subject.slice(this.#prefix.length))?.(reply);
  }
}

/** Whether the reply says that nobody serves the subject. */
export function isNoResponders(reply: Msg): boolean {
  return reply.data.length === 0 && reply.headers?.code === 503;
}
