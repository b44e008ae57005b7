import type { PubAck } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { v4 as randomUuid } from 'uuid';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { NatsError } from '../connection/connection-errors.js';
import { Semaphore } from '../../kernel/semaphore.js';
import { sleep } from '../../kernel/sleep.js';
import { AckTimeout } from './ack-timeout.js';
import { ApiCode, type ApiFault, isTransient } from '../api-codes.js';
import { isFault, type JetStreamConnection, unexpectedFault } from '../connection/jetstream-connection.js';
import { type HeaderValues, toMsgHdrs, valuesOf } from './message-headers.js';
import { isNoResponders } from '../connection/reply-inbox.js';
import { ResendLimit } from './resend-limit.js';

/** Messages in flight at a time; the others wait with their callers, who are the back-pressure. */
const IN_FLIGHT = 2_000;
/** Of these, how many may be sent again at a time. */
const RESENDS = 64;
/** Batches under way at a time: the server refuses more than 50 on one stream, from all clients together. */
const BATCHES = 16;
/** `NATS/1.0` with its line end, and the empty line behind the headers. */
const HEADER_FRAME = 12;

/** What a batch adds to the headers of each of its messages, at most: its id, the message's number, the word that it is the last. */
export const BATCH_HEADERS_BYTES = 110;

/** A message to be stored, byte for byte the same in every resend. */
export interface OutgoingMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: HeaderValues;
}

/** What the message takes of the server's payload limit, in bytes: headers count, the subject does not. */
export function sizeOf(message: OutgoingMessage): number {
  let bytes = message.payload.length + HEADER_FRAME;
  for (const [name, value] of Object.entries(message.headers)) {
    for (const one of valuesOf(value)) bytes += Buffer.byteLength(name) + Buffer.byteLength(one) + 4;
  }
  return bytes;
}

/** What the server said in the end. */
export type PublishAnswer =
  /** Stored by this publish. */
  | { readonly kind: 'stored'; readonly sequence: number; readonly ack: PubAck }
  /** The stream knows the message id already; `sequence` is 0 where the server does not know the original's. */
  | { readonly kind: 'duplicate'; readonly sequence: number; readonly ack?: PubAck }
  /** The guard does not hold. After a resend this may be the trace of our own first send. */
  | { readonly kind: 'conflict'; readonly fault: ApiFault; readonly resent: boolean }
  | { readonly kind: 'refused'; readonly fault: ApiFault; readonly resent: boolean }
  /** The deadline passed. `sure` when every send was answered by "nobody serves that subject"; `cause` is what the server said last, if it did. */
  | { readonly kind: 'unanswered'; readonly sure: boolean; readonly cause?: NatsError };

/** How a publish goes on when nobody serves its subject. */
export interface PublishPatience {
  /** Whether to send again until somebody does; otherwise the answer is `unanswered` at once. @default true */
  readonly untilServed?: boolean;
}

/** Publishes with acknowledgement: resends the same bytes until there is an answer that means something, or the deadline passes. */
export class Publisher {
  readonly #connection: JetStreamConnection;
  readonly #timeout = new AckTimeout();
  readonly #resends = new ResendLimit(RESENDS);
  readonly #window = new Semaphore(IN_FLIGHT);
  readonly #batches = new Semaphore(BATCHES);

  constructor(connection: JetStreamConnection) {
    this.#connection = connection;
  }

  async publish(
    message: OutgoingMessage,
    deadline: Deadline,
    patience: PublishPatience = {},
  ): Promise<PublishAnswer> {
    const natsHeaders = toMsgHdrs(message.headers);
    const send: Send = (reply) =>
      this.#connection.nc.publish(message.subject, message.payload, { reply, headers: natsHeaders });
    return this.#window.run(async () => this.#publish(send, message.payload.length, deadline, patience));
  }

  /**
   * Publishes all of the messages or none, as one atomic batch (nats-server 2.12.1). The answer's sequence is that of the last one; the others stand
   * right before it. Raw messages, since the client's own batch drops guards and message ids, and hides what the server answers.
   */
  async publishBatch(messages: readonly OutgoingMessage[], deadline: Deadline): Promise<PublishAnswer> {
    return this.#batches.run(async () => {
      const send: Send = (reply) => this.#sendBatch(messages, reply);
      const bytes = messages.reduce((sum, { payload }) => sum + payload.length, 0);
      return this.#publish(send, bytes, deadline);
    });
  }

  async #publish(
    send: Send,
    bytes: number,
    deadline: Deadline,
    patience: PublishPatience = {},
  ): Promise<PublishAnswer> {
    this.#timeout.load(bytes);
    try {
      const limits = { timeout: this.#timeout, resends: this.#resends, patience };
      return await new Publication(this.#connection, send, deadline, limits).run();
    } finally {
      this.#timeout.load(-bytes);
    }
  }

  /** Each try is a batch of its own: the rest of one that got stuck must not mix with the next. */
  #sendBatch(messages: readonly OutgoingMessage[], reply: string): void {
    const batchId = randomUuid();
    for (const [index, { subject, payload, headers: own }] of messages.entries()) {
      const isLast = index === messages.length - 1;
      const natsHeaders = toMsgHdrs({
        ...own,
        'Nats-Batch-Id': batchId,
        'Nats-Batch-Sequence': String(index + 1),
        ...(isLast && { 'Nats-Batch-Commit': '1' }),
      });
      // a refusal of any of them is the answer to the batch
      this.#connection.inbox.noteSent(subject, reply);
      this.#connection.nc.publish(subject, payload, { headers: natsHeaders, ...(isLast && { reply }) });
    }
  }
}

/** Sends what is to be stored, with the answer going to that subject. */
type Send = (reply: string) => void;

/** What all publications of a publisher share, and how patient one is. */
interface Limits {
  readonly timeout: AckTimeout;
  readonly resends: ResendLimit;
  readonly patience: PublishPatience;
}

/** One message, or one batch, on its way: all its sends share one reply address, so that a late answer to an early send counts, too. */
class Publication {
  readonly #connection: JetStreamConnection;
  readonly #send: Send;
  readonly #deadline: Deadline;
  readonly #limits: Limits;
  readonly #backoff = new Backoff(20, 500);
  readonly #replies: Msg[] = [];
  #wake: (() => void) | undefined;
  #sends = 0;
  #rejections = 0;
  #lastFault: ApiFault | undefined;

  constructor(connection: JetStreamConnection, send: Send, deadline: Deadline, limits: Limits) {
    this.#connection = connection;
    this.#send = send;
    this.#deadline = deadline;
    this.#limits = limits;
  }

  async run(): Promise<PublishAnswer> {
    const address = this.#connection.inbox.open((reply) => {
      this.#replies.push(reply);
      this.#wake?.();
    });
    try {
      return await this.#sendUntilAnswered(address.subject);
    } finally {
      address.close();
    }
  }

  async #sendUntilAnswered(reply: string): Promise<PublishAnswer> {
    while (await this.#canSend()) {
      const answer = await this.#sendOnce(reply);
      if (answer !== undefined) return answer;
      if (this.#isUnserved && this.#limits.patience.untilServed === false) break;
    }
    const fault = this.#lastFault;
    return {
      kind: 'unanswered',
      sure: this.#isUnserved,
      ...(fault !== undefined && { cause: unexpectedFault('the last answer', fault) }),
    };
  }

  /** Whether all that was ever said is that nobody serves the subject. */
  get #isUnserved(): boolean {
    return this.#rejections === this.#sends;
  }

  /** Sends, or sends again if there is a place for that, and listens for a while in any case: an early send may be answered late. */
  async #sendOnce(reply: string): Promise<PublishAnswer | undefined> {
    const isResend = this.#sends > 0;
    const maySend = !isResend || this.#limits.resends.tryEnter();
    try {
      const sentAt = performance.now();
      if (maySend) {
        this.#sends += 1;
        this.#send(reply);
      }
      const answer = await this.#answerWithin(this.#limits.timeout.ms);
      if (answer !== undefined && maySend) this.#limits.timeout.observe(performance.now() - sentAt);
      return answer;
    } finally {
      if (isResend && maySend) this.#limits.resends.leave();
    }
  }

  /** A connection closed for good ends the waiting; whether that is an error depends on what was sent before. */
  async #canSend(): Promise<boolean> {
    if (this.#sends > 0 && this.#connection.nc.isClosed()) return false;
    return this.#connection.whenConnected(this.#deadline);
  }

  /** The first reply that means something; undefined when it is time to send again. */
  async #answerWithin(timeoutMs: number): Promise<PublishAnswer | undefined> {
    const reply = this.#replies.shift() ?? (await this.#nextReply(timeoutMs));
    if (reply === undefined) return undefined;
    const answer = this.#interpret(reply);
    if (answer !== undefined) return answer;
    await sleep(Math.min(this.#backoff.next(), this.#deadline.leftMs));
    return this.#replies.length > 0 ? this.#answerWithin(timeoutMs) : undefined;
  }

  #interpret(reply: Msg): PublishAnswer | undefined {
    if (isNoResponders(reply)) {
      this.#rejections += 1;
      return undefined;
    }
    const answer = parse(reply);
    const resent = this.#sends > 1;
    if (answer === undefined) return undefined;
    if (!isFault(answer)) {
      const kind = answer.duplicate === true ? 'duplicate' : 'stored';
      return { kind, sequence: answer.seq, ack: answer };
    }
    const { error: fault } = answer;
    this.#lastFault = fault;
    if (isTransient(fault)) return undefined;
    if (fault.err_code === ApiCode.wrongLastSequence) return { kind: 'conflict', fault, resent };
    if (fault.err_code === ApiCode.batchDuplicate) return { kind: 'duplicate', sequence: 0 };
    return { kind: 'refused', fault, resent };
  }

  async #nextReply(timeoutMs: number): Promise<Msg | undefined> {
    const { signal } = this.#deadline;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        this.#wake = undefined;
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#connection.inbox.timeouts.after(Math.min(timeoutMs, this.#deadline.leftMs), done);
      this.#wake = done;
      signal?.addEventListener('abort', done);
    });
    return this.#replies.shift();
  }
}

/** What the stream says; undefined for what somebody else replies who listens to the subject as well. */
function parse(reply: Msg): PubAck | { error: ApiFault } | undefined {
  try {
    const answer = reply.json<Partial<PubAck>>();
    if (isFault(answer)) return answer;
    return typeof answer?.seq === 'number' ? (answer as PubAck) : undefined;
  } catch {
    return undefined;
  }
}
