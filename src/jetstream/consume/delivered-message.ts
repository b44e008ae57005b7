import type { DeliveryInfo, JsMsg } from '@nats-io/jetstream';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { Deadline } from '../../kernel/deadline.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

const ACK_TIMEOUT_MS = 5_000;
const NS_PER_MS = 1_000_000;
/** `$JS.ACK.<stream>.<consumer>.…`; longer ones have the domain and a hash of the account after `$JS.ACK`. */
const SHORT_FORM_TOKENS = 9;

const utf8 = new TextEncoder();
const text = new TextDecoder();
const ACK = utf8.encode('+ACK');

/**
 * What a message says it is, where that is not what was delivered: a redriven one bears its old subject and
 * headers.
 */
export interface MessageContent {
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

/** Where a message was stored first, where that is not the stream that it was delivered from. */
export interface OriginalPlace {
  /** The JetStream stream. */
  readonly stream: string;
  readonly sequence: number;
  /** When it was stored, in nanoseconds since 1970; undefined where that is not known. */
  readonly timestampNanos: bigint | undefined;
}

/** A message of a dead-letter stream that was delivered in the place of its original. */
export interface RedrivenLetter {
  /** The dead-letter stream. */
  readonly stream: string;
  /** Its sequence there. */
  readonly sequence: number;
  /** When it was redriven. */
  readonly time: Date;
}

/** The settlement of a message: done, redeliver after a while, never redeliver. */
export type Acknowledgement =
  | { readonly kind: 'ack' }
  | { readonly kind: 'nak'; readonly delayMs: number }
  | { readonly kind: 'term'; readonly reason: string };

/** A settlement and its listeners. */
interface AcknowledgementState {
  said: Acknowledgement | undefined;
  /** Where the server hears of the message; undefined when it is not to hear anything more. */
  reply: string | undefined;
  readonly tell: (said: Acknowledgement) => void;
  /** Called when the message has been settled. */
  readonly onSettled: ((said: Acknowledgement) => void) | undefined;
}

/** A delivery, and what of the message is not as it was delivered. */
interface DeliveredParts {
  readonly content?: MessageContent;
  readonly place?: OriginalPlace | undefined;
  readonly acknowledgement?: AcknowledgementState;
  /** Called when the message has been settled. */
  readonly onSettled?: (said: Acknowledgement) => void;
  /** How many deliveries of that sequence were no attempts. @default 0 */
  readonly unattemptedOf?: ((sequence: number) => number) | undefined;
  /** The delivery, where it has been read before. */
  readonly delivery?: ReadDelivery | undefined;
}

type ReadDelivery = readonly [delivery: DeliveryInfo, timestampNanos: string];

/** What is left of a message whose content was dropped. */
const DROPPED: MessageContent = { subject: '', headers: undefined, data: new Uint8Array() };

/** A message that a consumer delivered. It is settled at most once; later settlements are ignored. */
export class DeliveredMessage implements JsMsg {
  /** The delivery, with stream, sequence and time of the original where the message was redriven. */
  readonly info: DeliveryInfo;
  /** The delivery itself. */
  readonly delivery: DeliveryInfo;
  readonly sid: number;
  /** When it came, as `performance.now()` tells it. */
  readonly receivedAt = performance.now();
  readonly #connection: JetStreamConnection;
  readonly #reply: string;
  readonly #acknowledgement: AcknowledgementState;
  /** When it was stored, as the server writes it. */
  readonly #nanos: string;
  readonly #place: OriginalPlace | undefined;
  /** Deliveries before this one of which it is known that no handler was called. */
  readonly #unattempted: number;
  #content: MessageContent;
  #claimedAt = this.receivedAt;

  constructor(
    connection: JetStreamConnection,
    msg: Pick<Msg, 'subject' | 'headers' | 'data' | 'reply' | 'sid'>,
    parts: DeliveredParts = {},
  ) {
    const { reply = '', sid } = msg;
    const { content = msg as MessageContent, place, acknowledgement, onSettled, unattemptedOf } = parts;
    this.#connection = connection;
    this.#content = content;
    this.#reply = reply;
    this.sid = sid;
    this.#acknowledgement = acknowledgement ?? {
      said: undefined,
      reply: msg.reply,
      tell: (said) => this.#respond(wordFor(said)),
      onSettled,
    };
    const [delivery, nanos] = parts.delivery ?? readReply(reply);
    this.delivery = delivery;
    this.#nanos = nanos;
    this.#place = place;
    this.info = place === undefined ? delivery : placed(delivery, place, this.timestampNanos);
    this.#unattempted = unattemptedOf?.(delivery.streamSequence) ?? 0;
  }

  /**
   * The same delivery under another subject, with other headers and data, and the sequence and time that it
   * was stored under first: settling either settles both.
   */
  as(content: MessageContent, place?: OriginalPlace): DeliveredMessage {
    return this.#copy({ content, place, acknowledgement: this.#acknowledgement });
  }

  /** A part of the message, settled separately: its settlement is passed to `tell`. */
  part(tell: (said: Acknowledgement) => void): DeliveredMessage {
    const { reply } = this.#acknowledgement;
    return this.#copy({ acknowledgement: { said: undefined, reply, tell, onSettled: undefined } });
  }

  #copy(parts: DeliveredParts): DeliveredMessage {
    const content = this.#content;
    const msg = { subject: '', data: content.data, reply: this.#reply, sid: this.sid };
    return new DeliveredMessage(this.#connection, msg, {
      content,
      place: this.#place,
      delivery: [this.delivery, this.#nanos],
      unattemptedOf: () => this.#unattempted,
      ...parts,
    });
  }

  /** How many attempts may have failed before this delivery. */
  get earlierAttempts(): number {
    return Math.max(0, this.info.deliveryCount - 1 - this.#unattempted);
  }

  /** How long ago the server was last told that it is being worked on, in milliseconds. */
  get claimAgeMs(): number {
    return performance.now() - this.#claimedAt;
  }

  /** Whether the other one is a delivery of the same message; a new stream gives its sequences again. */
  isSameAs({ delivery }: DeliveredMessage): boolean {
    const { streamSequence, timestampNanos } = this.delivery;
    return streamSequence === delivery.streamSequence && timestampNanos === delivery.timestampNanos;
  }

  /** It was delivered again to the process that holds it: settling it settles the newer delivery. */
  claimAgain(newer: DeliveredMessage): void {
    this.#acknowledgement.reply = newer.#reply;
    this.#claimedAt = newer.receivedAt;
  }

  /** The server is told nothing of it any more. */
  disown(): void {
    this.#acknowledgement.reply = undefined;
  }

  /** Whether the server is told what becomes of it. */
  get isOwned(): boolean {
    return this.#acknowledgement.reply !== undefined;
  }

  /** Whether its content is in memory. */
  get isLoaded(): boolean {
    return this.#content !== DROPPED;
  }

  /** Drops the content of a message that waits for long, to be loaded again. */
  unload(): void {
    this.#content = DROPPED;
  }

  load(content: MessageContent): void {
    this.#content = content;
  }

  /** What was delivered in the place of the original; undefined for a message that was not redriven. */
  get letter(): RedrivenLetter | undefined {
    if (this.#place === undefined) return undefined;
    const { stream, streamSequence: sequence, timestampNanos } = this.delivery;
    return { stream, sequence, time: new Date(timestampNanos / NS_PER_MS) };
  }

  /** Whether it was acknowledged, handed back or ended. */
  get isSettled(): boolean {
    return this.#acknowledgement.said !== undefined;
  }

  /** Whether it comes again. */
  get isHandedBack(): boolean {
    return this.#acknowledgement.said?.kind === 'nak';
  }

  get subject(): string {
    return this.#content.subject;
  }

  get headers(): MsgHdrs | undefined {
    return this.#content.headers;
  }

  get data(): Uint8Array {
    return this.#content.data;
  }

  get seq(): number {
    return this.info.streamSequence;
  }

  get redelivered(): boolean {
    return this.info.redelivered;
  }

  get time(): Date {
    return new Date(Number(this.timestampNanos / BigInt(NS_PER_MS)));
  }

  get timestamp(): string {
    return this.time.toISOString();
  }

  get timestampNanos(): bigint {
    return this.#place?.timestampNanos ?? BigInt(this.#nanos);
  }

  json<T>(): T {
    return JSON.parse(this.string()) as T;
  }

  string(): string {
    return text.decode(this.data);
  }

  ack(): void {
    this.#settle({ kind: 'ack' });
  }

  nak(millis = 0): void {
    this.#settle({ kind: 'nak', delayMs: millis });
  }

  term(reason = ''): void {
    this.#settle({ kind: 'term', reason });
  }

  /** Asks for more time; nothing when it is settled. */
  working(): void {
    if (this.isSettled) return;
    this.#claimedAt = performance.now();
    this.#respond('+WPI');
  }

  /** The pulls are the transport's own: this only acknowledges. */
  next(): void {
    this.ack();
  }

  async ackAck(options: { timeout?: number } = {}): Promise<boolean> {
    return this.#confirm({ kind: 'ack' }, new Deadline(options.timeout ?? ACK_TIMEOUT_MS));
  }

  /** Hands it back at once, and resolves when the server has confirmed that. */
  async nakNak(deadline: Deadline): Promise<boolean> {
    return this.#confirm({ kind: 'nak', delayMs: 0 }, deadline);
  }

  async #confirm(said: Acknowledgement, deadline: Deadline): Promise<boolean> {
    const { reply, onSettled } = this.#acknowledgement;
    if (this.isSettled || reply === undefined) return false;
    this.#acknowledgement.said = said;
    // what was posted before is to arrive before
    this.#connection.outbox.flush();
    await this.#connection.request({ subject: reply, payload: wordBytes(wordFor(said)) }, deadline);
    onSettled?.(said);
    return true;
  }

  #settle(said: Acknowledgement): void {
    if (this.isSettled) return;
    this.#acknowledgement.said = said;
    this.#acknowledgement.tell(said);
    this.#acknowledgement.onSettled?.(said);
  }

  #respond(word: string): void {
    const { reply } = this.#acknowledgement;
    if (reply !== undefined) this.#connection.outbox.post(reply, wordBytes(word));
  }
}

function wordBytes(word: string): Uint8Array {
  return word === '+ACK' ? ACK : utf8.encode(word);
}

function wordFor(said: Acknowledgement): string {
  if (said.kind === 'ack') return '+ACK';
  if (said.kind === 'term') return said.reason === '' ? '+TERM' : `+TERM ${said.reason}`;
  const delay = Math.round(said.delayMs * NS_PER_MS);
  return delay > 0 ? `-NAK ${JSON.stringify({ delay })}` : '-NAK';
}

function placed(
  delivery: DeliveryInfo,
  { stream, sequence }: OriginalPlace,
  timestampNanos: bigint,
): DeliveryInfo {
  return { ...delivery, stream, streamSequence: sequence, timestampNanos: Number(timestampNanos) };
}

function readReply(reply: string): ReadDelivery {
  const tokens = reply.split('.');
  if (tokens.length === SHORT_FORM_TOKENS) tokens.splice(2, 0, '', '');
  const [, , domain = '', accountHash = '', stream = '', consumer = ''] = tokens;
  const [count, sequence, deliverySequence, nanos = '0', pending] = tokens.slice(6);
  const deliveryCount = Number(count);
  return [
    {
      domain: domain === '_' ? '' : domain,
      account_hash: accountHash,
      stream,
      consumer,
      deliveryCount,
      redelivered: deliveryCount > 1,
      streamSequence: Number(sequence),
      deliverySequence: Number(deliverySequence),
      timestampNanos: Number(nanos),
      pending: Number(pending),
    },
    nanos,
  ];
}
