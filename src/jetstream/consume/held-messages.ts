import type { ConsumerInfo } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { Deadline } from '../../kernel/deadline.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { ConsumerPosition } from './consumer-position.js';
import { DeliveredMessage } from './delivered-message.js';

/** Messages that came without an attempt at them, of which that is remembered. */
const MOST_UNATTEMPTED = 10_000;
/** A hand-back is confirmed by the server within this time, or not waited for. */
const CONFIRM_MS = 1_000;
/** How often within `ack_wait` a claim is renewed. */
const RENEWALS = 3;

/**
 * The messages of a consumer that this process was given and is not done with. One that the server delivers
 * again meanwhile, because its claim ran out, is not taken twice.
 */
export class HeldMessages {
  readonly #connection: JetStreamConnection;
  readonly #position: ConsumerPosition;
  readonly #messages = new Map<number, DeliveredMessage>();
  /** By sequence, the deliveries that no handler was called for. */
  readonly #unattempted = new Map<number, number>();

  constructor(connection: JetStreamConnection, position: ConsumerPosition) {
    this.#connection = connection;
    this.#position = position;
  }

  /**
   * How many of those that a consumer counts as pending are here. A consumer whose leader has lost its end does not
   * know that it has delivered some, and delivers them again as new.
   */
  pendingOf({ ack_floor: floor, delivered }: ConsumerInfo): number {
    const isPending = (sequence: number): boolean =>
      sequence > floor.stream_seq && sequence <= delivered.stream_seq;
    return [...this.#messages.keys()].filter(isPending).length;
  }

  /** The message that was delivered; undefined when it is held already, or was settled before. */
  receive(msg: Msg): DeliveredMessage | undefined {
    const message = this.#delivered(msg);
    if (this.#position.isSettled(message)) {
      message.ack();
      return undefined;
    }
    const held = this.#messages.get(message.seq);
    if (held?.isSameAs(message) === true && !held.isHandedBack) {
      held.claimAgain(message);
      this.#noteUnattempted(message.seq);
      return undefined;
    }
    // one whose handler handed it back may be handled again; another one has the sequence by a new stream
    if (held?.isHandedBack === false) held.disown();
    this.#messages.set(message.seq, message);
    return message;
  }

  /** The handling of a message is over. */
  release(message: DeliveredMessage): void {
    if (this.#messages.get(message.seq) === message) this.#messages.delete(message.seq);
    if (!message.isHandedBack) this.#unattempted.delete(message.seq);
  }

  /** Gives up a message whose claim has run out: it is delivered again, perhaps elsewhere. */
  abandon(message: DeliveredMessage): void {
    message.disown();
    this.#noteUnattempted(message.seq);
    this.#messages.delete(message.seq);
  }

  /** Hands back messages that no handler was called for; resolves when the server knows of it. */
  async handBack(messages: readonly DeliveredMessage[]): Promise<void> {
    const last = messages.at(-1);
    for (const message of messages) {
      this.#noteUnattempted(message.seq);
      this.#messages.delete(message.seq);
      if (message !== last) message.nak();
    }
    await last?.nakNak(new Deadline(CONFIRM_MS)).catch(() => undefined);
  }

  /** Renews the claims that are old enough. */
  renew(ackWaitMs: number): void {
    const oldMs = ackWaitMs / RENEWALS;
    for (const message of this.#messages.values()) if (message.claimAgeMs >= oldMs) message.working();
  }

  /** The stream is gone: what is held is handled, and no server waits for it. */
  disown(): void {
    for (const message of this.#messages.values()) message.disown();
    this.#messages.clear();
    this.#unattempted.clear();
  }

  #delivered(msg: Msg): DeliveredMessage {
    const message: DeliveredMessage = new DeliveredMessage(this.#connection, msg, {
      onSettled: ({ kind }) => {
        if (kind !== 'nak') this.#position.settle(message);
      },
      unattemptedOf: (sequence) => this.#unattempted.get(sequence) ?? 0,
    });
    return message;
  }

  #noteUnattempted(sequence: number): void {
    this.#unattempted.set(sequence, (this.#unattempted.get(sequence) ?? 0) + 1);
    if (this.#unattempted.size <= MOST_UNATTEMPTED) return;
    for (const [oldest] of this.#unattempted) return void this.#unattempted.delete(oldest);
  }
}
