import { headers as newHeaders, type MsgHdrs } from '@nats-io/transport-node';
import { isServerHeader } from '../api/server-headers.js';

/** Headers about a dead letter's original; its own headers are kept beside them. */
const PREFIX = 'Dead-Letter-';
/** What the server would act upon is kept under another name. */
const KEPT = 'Original-';
/** What is kept of an error, so that the headers stay small, in characters. */
const LONGEST = { message: 2_000, stack: 8_000 };

/** The error that ended the attempts. */
export interface DeadLetterError {
  /** The name of the error class. */
  readonly name: string;
  /** The message, of which at most 2,000 characters are kept. */
  readonly message: string;
  /** The stack, of which at most 8,000 characters are kept; undefined for a thrown value without one. */
  readonly stack: string | undefined;
}

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

/** What was thrown, in the form that it is kept in. */
export function toDeadLetterError(thrown: unknown): DeadLetterError {
  const {
    name = 'Error',
    message,
    stack,
  } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Partial<Error>;
  return {
    name: String(name),
    message: clip(message === undefined ? describe(thrown) : String(message), LONGEST.message),
    stack: stack === undefined ? undefined : clip(String(stack), LONGEST.stack),
  };
}

/** The headers of a dead letter: those of the original, and what happened to it. */
export function deadLetterHeaders(facts: DeadLetterFacts, original: MsgHdrs | undefined): MsgHdrs {
  const headers = newHeaders();
  for (const name of original?.keys() ?? []) {
    // a letter that is parked again keeps only the headers of the last time
    if (name.startsWith(PREFIX)) continue;
    const kept = isServerHeader(name) ? KEPT + name : name;
    for (const value of (original as MsgHdrs).values(name)) headers.append(kept, value);
  }
  const { eventId, error, ...others } = facts;
  for (const [name, value] of Object.entries(others))
    if (value !== undefined) headers.set(headerOf(name), encodeURI(String(value)));
  headers.set(headerOf('error'), encodeURIComponent(JSON.stringify(error)));
  if (eventId !== undefined) headers.set(headerOf('eventId'), eventId);
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

/** The facts in a dead letter's headers; undefined for a message that is no dead letter. */
export function deadLetterFacts(headers: MsgHdrs | undefined): DeadLetterFacts | undefined {
  const read = (name: string): string => headers?.get(headerOf(name)) ?? '';
  if (read('stream') === '' || read('error') === '') return undefined;
  const [eventId, storedAt] = [read('eventId'), read('storedAt')];
  return {
    subject: decodeURI(read('subject')),
    stream: read('stream'),
    sequence: Number(read('sequence')),
    storedAt: storedAt === '' ? undefined : storedAt,
    consumer: read('consumer'),
    pattern: decodeURI(read('pattern')),
    attempts: Number(read('attempts')),
    error: JSON.parse(decodeURIComponent(read('error'))) as DeadLetterError,
    eventId: eventId === '' ? undefined : eventId,
  };
}

function headerOf(name: string): string {
  return PREFIX + name.charAt(0).toUpperCase() + name.slice(1).replace(/[A-Z]/g, (letter) => `-${letter}`);
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    // a circle
    return String(thrown);
  }
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
