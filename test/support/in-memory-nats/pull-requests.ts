import { headers } from '@nats-io/transport-node';
import type { Broker } from './broker.js';
import { toBytes } from './envelope.js';

const NS_PER_MS = 1_000_000;

/** What a client asks for. */
export interface PullBody {
  readonly batch: number;
  readonly max_bytes?: number;
  /** Nanoseconds, as all durations of JetStream. */
  readonly expires?: number;
  readonly idle_heartbeat?: number;
}

interface WaitingPull {
  readonly inbox: string;
  readonly hasByteLimit: boolean;
  left: number;
  bytesLeft: number;
  timer?: NodeJS.Timeout;
}

/** Requests for messages that wait, oldest first. */
export class PullRequests {
  readonly #broker: Broker;
  readonly #isSilent: () => boolean;
  #waiting: WaitingPull[] = [];

  constructor(broker: Broker, isSilent: () => boolean) {
    this.#broker = broker;
    this.#isSilent = isSilent;
  }

  get count(): number {
    return this.#waiting.filter(({ inbox }) => this.#broker.hasInterest(inbox)).length;
  }

  add(
    { batch, max_bytes: maxBytes = 0, expires = 0, idle_heartbeat: heartbeat = 0 }: PullBody,
    inbox: string,
  ): void {
    const bytesLeft = maxBytes > 0 ? maxBytes : Infinity;
    const pull: WaitingPull = { inbox, hasByteLimit: maxBytes > 0, left: batch, bytesLeft };
    this.#waiting.push(pull);
    if (expires > 0) this.#watch(pull, expires / NS_PER_MS, heartbeat / NS_PER_MS);
  }

  /** The address for the next message of that size; undefined without a waiting pull. */
  take(bytes: number): string | undefined {
    for (let [pull] = this.#waiting; pull !== undefined; [pull] = this.#waiting) {
      if (!this.#broker.hasInterest(pull.inbox)) {
        this.#forget(pull);
        continue;
      }
      if (bytes <= pull.bytesLeft) return pull.inbox;
      this.#end(pull, 409, 'Message Size Exceeds MaxBytes');
    }
    return undefined;
  }

  /** The oldest pull got a message of that size. */
  served(bytes: number): void {
    const [pull] = this.#waiting;
    if (pull === undefined) return;
    pull.left -= 1;
    pull.bytesLeft -= bytes;
    if (pull.left > 0) return;
    if (pull.hasByteLimit) this.#end(pull, 409, 'Batch Completed');
    else this.#forget(pull);
  }

  /** Ends all of them, with a status or without a word. */
  end(code?: number, description = ''): void {
    for (const pull of [...this.#waiting]) {
      if (code === undefined) this.#forget(pull);
      else this.#end(pull, code, description);
    }
  }

  #watch(pull: WaitingPull, expiresMs: number, heartbeatMs: number): void {
    const everyMs = heartbeatMs > 0 ? heartbeatMs : expiresMs;
    let leftMs = expiresMs;
    // an interval for both, since specs have their intervals in hand
    pull.timer = setInterval(() => {
      leftMs -= everyMs;
      if (leftMs <= 0) this.#end(pull, 408, 'Request Timeout');
      else this.#say(pull, 100, 'Idle Heartbeat');
    }, everyMs);
  }

  #end(pull: WaitingPull, code: number, description: string): void {
    this.#forget(pull);
    this.#say(pull, code, description);
  }

  #forget(pull: WaitingPull): void {
    clearInterval(pull.timer);
    this.#waiting = this.#waiting.filter((other) => other !== pull);
  }

  #say({ inbox }: WaitingPull, code: number, description: string): void {
    if (this.#isSilent()) return;
    this.#broker.deliver(inbox, { subject: inbox, data: toBytes(), headers: headers(code, description) });
  }
}
