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

/** A settlement and its listener. */
interface AcknowledgementState {
  said: Acknowledgement | undefined;
  readonly tell: (said: Acknowledgement) => void;
}

/** What of a message is not as it was delivered. */
interface DeliveredParts {
  readonly content?: MessageContent;
  readonly place?: OriginalPlace | undefined;
  readonly acknowledgement?: AcknowledgementState;
}

/** A message that a consumer delivered. It is settled at most once; later settlements are ignored. */
export class DeliveredMessage implements JsMsg {
  /** The delivery, with stream, sequence and time of the original where the message was redriven. */
  readonly info: DeliveryInfo;
  /** The delivery itself. */
  readonly delivery: DeliveryInfo;
  readonly #connection: JetStreamConnection;
  readonly #msg: Msg;
  readonly #content: MessageContent;
  readonly #acknowledgement: AcknowledgementState;
  readonly #timestampNanos: bigint;
  readonly #place: OriginalPlace | undefined;

  constructor(connection: JetStreamConnection, msg: Msg, parts: DeliveredParts = {}) {
    this.#connection = connection;
    this.#msg = msg;
    this.#content = parts.content ?? (msg as MessageContent);
    this.#acknowledgement = parts.acknowledgement ?? {
      said: undefined,
      tell: (said) => this.#respond(wordFor(said)),
    };
    const [delivery, nanos] = readReply(msg.reply ?? '');
    this.delivery = delivery;
    this.#place = parts.place;
    this.#timestampNanos = parts.place?.timestampNanos ?? BigInt(nanos);
    this.info = parts.place === undefined ? delivery : placed(delivery, parts.place, this.#timestampNanos);
  }

  /**
   * The same delivery under another subject, with other headers and data, and the sequence and time that it
   * was stored under first: settling either settles both.
   */
  as(content: MessageContent, place?: OriginalPlace): DeliveredMessage {
    return new DeliveredMessage(this.#connection, this.#msg, {
      content,
      place,
      acknowledgement: this.#acknowledgement,
    });
  }

  /** A part of the message, settled separately: its settlement is passed to `tell`. */
  part(tell: (said: Acknowledgement) => void): DeliveredMessage {
    return new DeliveredMessage(this.#connection, this.#msg, {
      content: this.#content,
      place: this.#place,
      acknowledgement: { said: undefined, tell },
    });
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

  get sid(): number {
    return this.#msg.sid;
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
    return this.#timestampNanos;
  }

  /** What was delivered in the place of the original; undefined for a message that was not redriven. */
  get letter(): RedrivenLetter | undefined {
    if (this.#place === undefined) return undefined;
    const { stream, streamSequence: sequence, timestampNanos } = this.delivery;
    return { stream, sequence, time: new Date(timestampNanos / NS_PER_MS) };
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
    if (!this.isSettled) this.#respond('+WPI');
  }

  /** The pulls are the transport's own: this only acknowledges. */
  next(): void {
    this.ack();
  }

  async ackAck(options: { timeout?: number } = {}): Promise<boolean> {
    const { reply } = this.#msg;
    if (this.isSettled || reply === undefined) return false;
    this.#acknowledgement.said = { kind: 'ack' };
    const deadline = new Deadline(options.timeout ?? ACK_TIMEOUT_MS);
    await this.#connection.request({ subject: reply, payload: ACK }, deadline);
    return true;
  }

  #settle(said: Acknowledgement): void {
    if (this.isSettled) return;
    this.#acknowledgement.said = said;
    this.#acknowledgement.tell(said);
  }

  #respond(word: string): void {
    if (this.#msg.reply !== undefined) this.#connection.outbox.post(this.#msg.reply, wordBytes(word));
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

function readReply(reply: string): [DeliveryInfo, timestampNanos: string] {
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
