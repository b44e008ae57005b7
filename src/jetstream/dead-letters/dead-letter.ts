import { headers as newHeaders, type MsgHdrs } from '@nats-io/transport-node';
import { isServerHeader } from '../api/server-headers.js';
import type { DeadLetterError } from './dead-letter-error.js';

/** Headers about a dead letter's original; its own headers are kept beside them. */
const PREFIX = 'Dead-Letter-';
/** What the server would act upon is kept under another name. */
const KEPT = 'Original-';

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** What is known of a message that a handler gave up on, apart from its body. */
export interface DeadLetterFacts {
  /** Where the original was published to. */
  readonly subject: string;
  /** The JetStream stream that holds the original. */
  readonly stream: string;
  /** Sequence of the original in that JetStream stream. */
  readonly sequence: number;
  /**
   * When the original was stored, such as `2026-01-01T00:00:00.123456789Z`; undefined for a letter of an earlier
   * version.
   */
  readonly storedAt: string | undefined;
  /** The consumer, which is the handler, that gave up. */
  readonly consumer: string;
  /** The handler's pattern. */
  readonly pattern: string;
  /** How often the handler was called with it. */
  readonly attempts: number;
  /** The error of the last attempt. */
  readonly error: DeadLetterError;
  /**
   * For an event of an event store: its id. The letter is a reference then, without the body, so that erased
   * data is not kept here.
   */
  readonly eventId: string | undefined;
}

/** A message, as its headers and its body. */
export interface MessageParts {
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

/**
 * The message that a dead letter is kept as: the original with headers about what happened to it, and with the
 * error before its body. A header is no place for the error: it may be long, and in any script.
 */
export function toLetter(
  facts: DeadLetterFacts,
  original: MessageParts,
): MessageParts & { headers: MsgHdrs } {
  const { eventId, error, ...others } = facts;
  const headers = keptHeaders(original.headers);
  for (const [name, value] of Object.entries(others))
    if (value !== undefined) headers.set(headerOf(name), encodeURI(String(value)));
  if (eventId !== undefined) headers.set(headerOf('eventId'), eventId);
  const described = utf8.encode(JSON.stringify(error));
  headers.set(headerOf('errorLength'), String(described.length));
  return { headers, data: Buffer.concat([described, original.data]) };
}

/** The facts of a dead letter and its original; undefined for a message that is no dead letter. */
export function fromLetter(
  letter: MessageParts,
): { readonly facts: DeadLetterFacts; readonly original: MessageParts & { headers: MsgHdrs } } | undefined {
  const { headers, data } = letter;
  const read = (name: string): string => headers?.get(headerOf(name)) ?? '';
  const error = errorOf(letter);
  if (read('stream') === '' || error === undefined) return undefined;
  const [eventId, storedAt] = [read('eventId'), read('storedAt')];
  const facts = {
    subject: decodeURI(read('subject')),
    stream: read('stream'),
    sequence: Number(read('sequence')),
    storedAt: storedAt === '' ? undefined : storedAt,
    consumer: read('consumer'),
    pattern: decodeURI(read('pattern')),
    attempts: Number(read('attempts')),
    error,
    eventId: eventId === '' ? undefined : eventId,
  };
  return {
    facts,
    original: { headers: originalHeaders(headers), data: data.subarray(Number(read('errorLength'))) },
  };
}

/** Letters of older versions have the error in a header. */
function errorOf({ headers, data }: MessageParts): DeadLetterError | undefined {
  const length = headers?.get(headerOf('errorLength')) ?? '';
  if (length !== '') return JSON.parse(text.decode(data.subarray(0, Number(length)))) as DeadLetterError;
  const header = headers?.get(headerOf('error')) ?? '';
  return header === '' ? undefined : (JSON.parse(decodeURIComponent(header)) as DeadLetterError);
}

/** The headers of the original, those that the server would act upon under another name. */
function keptHeaders(original: MsgHdrs | undefined): MsgHdrs {
  const headers = newHeaders();
  for (const name of original?.keys() ?? []) {
    // a letter that is parked again keeps only the headers of the last time
    if (name.startsWith(PREFIX)) continue;
    const kept = isServerHeader(name) ? KEPT + name : name;
    for (const value of (original as MsgHdrs).values(name)) headers.append(kept, value);
  }
  return headers;
}

/** The headers of the original, as they were. */
export function originalHeaders(headers: MsgHdrs | undefined): MsgHdrs {
  const original = newHeaders();
  for (const name of headers?.keys() ?? []) {
    if (name.startsWith(PREFIX) || isServerHeader(name)) continue;
    const own = name.startsWith(KEPT) ? name.slice(KEPT.length) : name;
    for (const value of (headers as MsgHdrs).values(name)) original.append(own, value);
  }
  return original;
}

function headerOf(name: string): string {
  return PREFIX + name.charAt(0).toUpperCase() + name.slice(1).replace(/[A-Z]/g, (letter) => `-${letter}`);
}
