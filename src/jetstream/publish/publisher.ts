import type { PubAck } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { v4 as randomUuid } from 'uuid';
import type { OutgoingMessage } from '../../log/message-log.js';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import type { NatsError } from '../connection/connection-errors.js';
import { Semaphore } from '../../kernel/semaphore.js';
import { sleep } from '../../kernel/sleep.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { ApiCode } from '../api/api-codes.js';
import { type ApiFault, isFault, isTransient, mayBeStored } from '../api/api-fault.js';
import { ServerHeader } from '../api/server-headers.js';
import { unexpectedFault } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { AckTimeout } from './ack-timeout.js';
import { toMsgHdrs } from './message-headers.js';
import { isNoResponders } from '../connection/reply-inbox.js';
import { ResendLimit } from './resend-limit.js';

/** Messages in flight at a time. Callers of further ones wait, which is the back-pressure. */
const IN_FLIGHT = 2_000;
/** Of these, how many may be sent again at a time. */
const RESENDS = 64;
/** Batches under way at a time: the server refuses more than 50 on one stream, from all clients together. */
const BATCHES = 16;
/** What the server said in the end. */
export type ServerAnswer =
  /** Stored by this publish. */
  | { readonly kind: 'stored'; readonly sequence: number; readonly ack: PubAck }
  /**
   * The stream knows the message id already; `sequence` is 0 where the server does not know the original's.
   */
  | { readonly kind: 'duplicate'; readonly sequence: number; readonly ack?: PubAck }
  /** The guard does not hold. After a resend this may be the trace of our own first send. */
  | { readonly kind: 'conflict'; readonly fault: ApiFault; readonly resent: boolean }
  /**
   * Refused for good, or at each try until the deadline. `resent` when a try was not answered, so that it may
   * have been stored all the same.
   */
  | { readonly kind: 'refused'; readonly fault: ApiFault; readonly resent: boolean }
  /**
   * The deadline passed. `sure` when nothing was sent, or every send was refused; `cause` is what the server
   * said last, if it did.
   */
  | { readonly kind: 'unanswered'; readonly sure: boolean; readonly cause?: NatsError }
  /** It became stale before it was sent, or before it was sent again without an answer (`sent`). */
  | { readonly kind: 'stale'; readonly sent: boolean };

/** When a publish is not sent, or not sent again. */
export interface PublishPatience {
  /**
   * Whether to send again until a stream does; otherwise the answer is `unanswered` at once.
   * @default true
   */
  readonly untilServed?: boolean;
  /** Asked right before each send: what is stale is not sent any more, and answered so. @default never */
  readonly isStale?: () => boolean;
}

/**
 * Publishes with acknowledgement: resends the same bytes until there is an answer that means something, or
 * the deadline passes.
 */
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
  ): Promise<ServerAnswer> {
    const natsHeaders = toMsgHdrs(message.headers);
    const send: Send = (reply) =>
      this.#connection.nc.publish(message.subject, message.payload, { reply, headers: natsHeaders });
    const outgoing = { ...PATIENT, ...patience, send, bytes: message.payload.length };
    return this.#inPlace(this.#window, deadline, async () => this.#publish(outgoing, deadline));
  }

  /**
   * Publishes all of the messages or none, as one atomic batch (nats-server 2.12.1). The answer's sequence is
   * that of the last one; the others have the sequences right before it. Sends raw messages, since the
   * client's own batch drops guards and message ids, and hides the server's answers.
   */
  async publishBatch(
    messages: readonly OutgoingMessage[],
    deadline: Deadline,
    patience: PublishPatience = {},
  ): Promise<ServerAnswer> {
    return this.#inPlace(this.#batches, deadline, async () => {
      const send: Send = (reply) => this.#sendBatch(messages, reply);
      const bytes = messages.reduce((sum, { payload }) => sum + payload.length, 0);
      return this.#publish({ ...PATIENT, ...patience, send, bytes }, deadline);
    });
  }

  /** Waiting for a place counts: those who wait have sent nothing, and go when their time is up. */
  async #inPlace(
    places: Semaphore,
    deadline: Deadline,
    work: () => Promise<ServerAnswer>,
  ): Promise<ServerAnswer> {
    if (!(await places.enter(deadline))) return { kind: 'unanswered', sure: true };
    try {
      return await work();
    } finally {
      places.leave();
    }
  }

  async #publish(outgoing: Outgoing, deadline: Deadline): Promise<ServerAnswer> {
    this.#timeout.load(outgoing.bytes);
    try {
      const limits = { timeout: this.#timeout, resends: this.#resends, deadline };
      return await new Publication(this.#connection, outgoing, limits).run();
    } finally {
      this.#timeout.load(-outgoing.bytes);
    }
  }

  /** Each try is a batch of its own: the rest of one that got stuck must not mix with the next. */
  #sendBatch(messages: readonly OutgoingMessage[], reply: string): void {
    const batchId = randomUuid();
    for (const [index, { subject, payload, headers: own }] of messages.entries()) {
      const isLast = index === messages.length - 1;
      const natsHeaders = toMsgHdrs({
        ...own,
        [ServerHeader.batchId]: batchId,
        [ServerHeader.batchSequence]: String(index + 1),
        ...(isLast && { [ServerHeader.batchCommit]: '1' }),
      });
      // a refusal of any of them is the answer to the batch
      this.#connection.inbox.noteSent(subject, reply);
      this.#connection.nc.publish(subject, payload, { headers: natsHeaders, ...(isLast && { reply }) });
    }
  }
}

const PATIENT: Required<PublishPatience> = { untilServed: true, isStale: () => false };

/** Sends what is to be stored, with the answer going to that subject. */
type Send = (reply: string) => void;

/** What is to be stored. */
interface Outgoing extends Required<PublishPatience> {
  readonly send: Send;
  readonly bytes: number;
}

/** When to give up, and what all publications of a publisher share. */
interface Limits {
  readonly deadline: Deadline;
  readonly timeout: AckTimeout;
  readonly resends: ResendLimit;
}

/**
 * One message, or one batch, on its way: all its sends share one reply address, so that a late answer to an
 * early send counts, too.
 */
class Publication {
  readonly #connection: JetStreamConnection;
  readonly #outgoing: Outgoing;
  readonly #limits: Limits;
  readonly #replied: Wakeup;
  readonly #backoff = new Backoff(20, 500);
  readonly #replies: Msg[] = [];
  #sends = 0;
  /** Answers that nobody serves the subject. */
  #unserved = 0;
  /** Answers that refuse it for now, and mean that nothing was stored. */
  #refusals = 0;
  #lastFault: ApiFault | undefined;

  constructor(connection: JetStreamConnection, outgoing: Outgoing, limits: Limits) {
    this.#connection = connection;
    this.#outgoing = outgoing;
    this.#limits = limits;
    this.#replied = new Wakeup(connection.inbox.timeouts);
  }

  async run(): Promise<ServerAnswer> {
    const onReply = (reply: Msg): void => {
      this.#replies.push(reply);
      this.#replied.wake();
    };
    const address = this.#connection.inbox.open(onReply, () => this.#replied.wake());
    try {
      return await this.#sendUntilAnswered(address.subject);
    } finally {
      address.close();
    }
  }

  async #sendUntilAnswered(reply: string): Promise<ServerAnswer> {
    while (await this.#canSend()) {
      if (this.#outgoing.isStale()) return { kind: 'stale', sent: !this.#isUnserved };
      const answer = await this.#sendOnce(reply);
      if (answer !== undefined) return answer;
      if (this.#isUnserved && !this.#outgoing.untilServed) break;
    }
    return this.#givenUp();
  }

  /** The time is up: what the server said to each try tells whether anything can have been stored. */
  #givenUp(): ServerAnswer {
    const fault = this.#lastFault;
    const sure = this.#unserved + this.#refusals === this.#sends;
    const hasGivenUp = this.#limits.deadline.signal?.aborted === true;
    if (fault !== undefined && sure && !hasGivenUp) return { kind: 'refused', fault, resent: false };
    return {
      kind: 'unanswered',
      sure,
      ...(fault !== undefined && { cause: unexpectedFault('the last answer', fault) }),
    };
  }

  /** Whether every answer so far was "no responders". */
  get #isUnserved(): boolean {
    return this.#unserved === this.#sends;
  }

  /**
   * Sends, or sends again if there is a place for that, and listens for a while in any case: an early send
   * may be answered late.
   */
  async #sendOnce(reply: string): Promise<ServerAnswer | undefined> {
    const isResend = this.#sends > 0;
    const maySend = !isResend || this.#limits.resends.tryEnter();
    try {
      const sentAt = performance.now();
      if (maySend) {
        this.#sends += 1;
        this.#outgoing.send(reply);
      }
      const answer = await this.#answerWithin(this.#limits.timeout.ms);
      if (answer !== undefined && maySend) this.#limits.timeout.observe(performance.now() - sentAt);
      return answer;
    } finally {
      if (isResend && maySend) this.#limits.resends.leave();
    }
  }

  /**
   * A connection closed for good ends the waiting; whether that is an error depends on what was sent before.
   */
  async #canSend(): Promise<boolean> {
    if (this.#sends > 0 && this.#connection.nc.isClosed()) return false;
    return this.#connection.whenConnected(this.#limits.deadline);
  }

  /** The first reply that means something; undefined when it is time to send again. */
  async #answerWithin(timeoutMs: number): Promise<ServerAnswer | undefined> {
    const reply = this.#replies.shift() ?? (await this.#nextReply(timeoutMs));
    if (reply === undefined) return undefined;
    const answer = this.#interpret(reply);
    if (answer !== undefined) return answer;
    const { leftMs, signal } = this.#limits.deadline;
    await sleep(Math.min(this.#backoff.next(), leftMs), signal).catch(() => undefined);
    return this.#replies.length > 0 ? this.#answerWithin(timeoutMs) : undefined;
  }

  #interpret(reply: Msg): ServerAnswer | undefined {
    if (isNoResponders(reply)) {
      this.#unserved += 1;
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
    if (isTransient(fault)) {
      const isClustered = this.#connection.nc.info?.cluster !== undefined;
      if (!mayBeStored(fault, isClustered)) this.#refusals += 1;
      return undefined;
    }
    if (fault.err_code === ApiCode.wrongLastSequence) return { kind: 'conflict', fault, resent };
    if (fault.err_code === ApiCode.batchDuplicate) return { kind: 'duplicate', sequence: 0 };
    return { kind: 'refused', fault, resent };
  }

  async #nextReply(timeoutMs: number): Promise<Msg | undefined> {
    const { leftMs, signal } = this.#limits.deadline;
    await this.#replied.wait({ timeoutMs: Math.min(timeoutMs, leftMs), signal });
    return this.#replies.shift();
  }
}

/** The stream's answer; undefined for the reply of another subscriber to the subject. */
function parse(reply: Msg): PubAck | { readonly error: ApiFault } | undefined {
  try {
    const answer = reply.json<Partial<PubAck>>();
    if (isFault(answer)) return answer;
    return typeof answer?.seq === 'number' ? (answer as PubAck) : undefined;
  } catch {
    return undefined;
  }
}
