import type { DeliveryInfo, JsMsg } from '@nats-io/jetstream';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { Deadline } from '../../kernel/deadline.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

const ACK_TIMEOUT_MS = 5_000;
const NS_PER_MS = 1_000_000;
/** `$JS.ACK.<stream>.<consumer>.…`; longer ones have the domain and a hash of the account behind `$JS.ACK`. */
const SHORT_FORM_TOKENS = 9;

const utf8 = new TextEncoder();
const text = new TextDecoder();
const ACK = utf8.encode('+ACK');

/** What a message says it is, where that is not what was delivered: a redriven one bears its old subject and headers. */
export interface MessageContent {
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

/** What is said of a message: done, to come again after a while, never to come again. */
export type Acknowledgement =
  | { readonly kind: 'ack' }
  | { readonly kind: 'nak'; readonly delayMs: number }
  | { readonly kind: 'term'; readonly reason: string };

/** What was said, and who hears it. */
interface AcknowledgementState {
  verdict: Acknowledgement | undefined;
  readonly settle: (verdict: Acknowledgement) => void;
}

/** A message that a consumer delivered, settled at most once: what is said of it afterwards is not heard. */
export class DeliveredMessage implements JsMsg {
  readonly info: DeliveryInfo;
  readonly #connection: JetStreamConnection;
  readonly #msg: Msg;
  readonly #guise: MessageContent;
  readonly #settlement: AcknowledgementState;
  readonly #timestampNanos: string;

  constructor(
    connection: JetStreamConnection,
    msg: Msg,
    guise: MessageContent = msg as MessageContent,
    settlement: AcknowledgementState = {
      verdict: undefined,
      settle: (verdict) => this.#respond(wordFor(verdict)),
    },
  ) {
    this.#connection = connection;
    this.#msg = msg;
    this.#guise = guise;
    this.#settlement = settlement;
    [this.info, this.#timestampNanos] = readReply(msg.reply ?? '');
  }

  /** The same delivery under another subject, with other headers and data: settling either settles both. */
  as(guise: MessageContent): DeliveredMessage {
    return new DeliveredMessage(this.#connection, this.#msg, guise, this.#settlement);
  }

  /** A part of the message, settled by itself: what is said of it is told to `settle`. */
  part(settle: (verdict: Acknowledgement) => void): DeliveredMessage {
    return new DeliveredMessage(this.#connection, this.#msg, this.#guise, { verdict: undefined, settle });
  }

  /** Whether it was acknowledged, handed back or ended. */
  get isSettled(): boolean {
    return this.#settlement.verdict !== undefined;
  }

  /** Whether it comes again. */
  get isHandedBack(): boolean {
    return this.#settlement.verdict?.kind === 'nak';
  }

  get subject(): string {
    return this.#guise.subject;
  }

  get headers(): MsgHdrs | undefined {
    return this.#guise.headers;
  }

  get data(): Uint8Array {
    return this.#guise.data;
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
    return BigInt(this.#timestampNanos);
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
    this.#settlement.verdict = { kind: 'ack' };
    const deadline = new Deadline(options.timeout ?? ACK_TIMEOUT_MS);
    await this.#connection.request(reply, ACK, deadline);
    return true;
  }

  #settle(verdict: Acknowledgement): void {
    if (this.isSettled) return;
    this.#settlement.verdict = verdict;
    this.#settlement.settle(verdict);
  }

  #respond(word: string): void {
    if (this.#msg.reply !== undefined) this.#connection.outbox.post(this.#msg.reply, wordBytes(word));
  }
}

function wordBytes(word: string): Uint8Array {
  return word === '+ACK' ? ACK : utf8.encode(word);
}

function wordFor(verdict: Acknowledgement): string {
  if (verdict.kind === 'ack') return '+ACK';
  if (verdict.kind === 'term') return verdict.reason === '' ? '+TERM' : `+TERM ${verdict.reason}`;
  const delay = Math.round(verdict.delayMs * NS_PER_MS);
  return delay > 0 ? `-NAK ${JSON.stringify({ delay })}` : '-NAK';
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
