import type { Msg } from '@nats-io/transport-node';

/**
 * A message as a replay delivers it. Nothing of it is decoded but the numbers in its acknowledgement subject.
 */
export interface ReplayMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Its sequence in the JetStream stream. */
  readonly sequence: number;
  /** The server's time in milliseconds since 1970. */
  readonly time: number;
  /** Place in what this consumer delivered: a gap means a lost message. */
  readonly delivery: number;
  /** How many messages the consumer has still to deliver after this one. */
  readonly pending: number;
}

const DOT = 46;
const ZERO = 48;
/** `$JS.ACK.<stream>.<consumer>.` and `$JS.ACK.<domain>.<account>.<stream>.<consumer>.` */
const PREFIX_TOKENS = { short: 4, long: 6 };
const SHORT_FORM_TOKENS = 9;

/**
 * Reads the acknowledgement subject:
 * `….<delivered>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>`. By hand, since it is done
 * for every message of a replay, where splitting it would be a fifth of the client's time.
 */
export function toReplayMessage(msg: Msg): ReplayMessage {
  const reply = msg.reply as string;
  const reader = new NumberReader(reply, endOfPrefix(reply));
  reader.next();
  const sequence = reader.next();
  const delivery = reader.next();
  const time = reader.nextMillis();
  const pending = reader.next();
  return { subject: msg.subject, data: msg.data, sequence, time, delivery, pending };
}

function endOfPrefix(reply: string): number {
  let tokens = 1;
  for (let index = 0; index < reply.length; index += 1) if (reply.charCodeAt(index) === DOT) tokens += 1;
  let skip = tokens === SHORT_FORM_TOKENS ? PREFIX_TOKENS.short : PREFIX_TOKENS.long;
  let index = 0;
  for (; skip > 0; index += 1) if (reply.charCodeAt(index) === DOT) skip -= 1;
  return index;
}

class NumberReader {
  readonly #text: string;
  #index: number;

  constructor(text: string, index: number) {
    this.#text = text;
    this.#index = index;
  }

  next(): number {
    return this.#read(this.#tokenEnd());
  }

  /** Nanoseconds do not fit a double: the last six digits are left out before they become a number. */
  nextMillis(): number {
    const end = this.#tokenEnd();
    const millis = this.#read(end - 6);
    this.#index = end + 1;
    return millis;
  }

  #tokenEnd(): number {
    const dot = this.#text.indexOf('.', this.#index);
    return dot === -1 ? this.#text.length : dot;
  }

  #read(end: number): number {
    let value = 0;
    for (; this.#index < end; this.#index += 1)
      value = value * 10 + this.#text.charCodeAt(this.#index) - ZERO;
    this.#index += 1;
    return value;
  }
}
