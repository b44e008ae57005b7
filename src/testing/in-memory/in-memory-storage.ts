import { v4 as randomUuid } from 'uuid';
import { ServerHeader } from '../../jetstream/api/server-headers.js';
import { LocalRecordTable } from '../../log/local-record-table.js';
import type { OutgoingMessage } from '../../log/message-log.js';

/**
 * The part of a stored message that tests need. It keeps bytes, not objects, so that nobody can change what
 * is stored.
 */
export interface InMemoryMessage {
  /** Its literal subject. */
  readonly subject: string;
  /** Its place in the log, from 1. */
  readonly sequence: number;
  /** Its body. */
  readonly data: Uint8Array;
  /** When it was stored, in milliseconds since 1970; never before the time of the message before it. */
  readonly time: number;
  /** Its message id; empty for none. */
  readonly id: string;
}

/**
 * Messages in order, with an index of subjects and one of message ids. All handles on one store in memory
 * share it.
 */
export class InMemoryStorage {
  /** Tells one log from another of the same name. */
  readonly identity = randomUuid();
  /** By sequence, from 1; undefined where a message was removed. */
  readonly #messages: (InMemoryMessage | undefined)[] = [];
  readonly #bySubject = new Map<string, InMemoryMessage[]>();
  readonly #byId = new Map<string, InMemoryMessage>();
  readonly #listeners = new Set<() => void>();
  readonly #peers = new Set<(word: string) => void>();
  #lastTime = 0;
  /** The records beside the messages. */
  readonly records = new LocalRecordTable();
  /** The clock for the times of messages. */
  now: () => number = Date.now;

  /** Sequence of the last message; 0 while there is none. */
  get lastSequence(): number {
    return this.#messages.length;
  }

  /** The subjects that hold messages, in the order of their bytes. */
  get subjects(): string[] {
    return [...this.#bySubject.keys()].toSorted();
  }

  /** The message with that sequence; undefined when there is none, or it was removed. */
  at(sequence: number): InMemoryMessage | undefined {
    return this.#messages[sequence - 1];
  }

  /** The message that was stored under an id, even if it has been removed since. */
  withId(id: string): InMemoryMessage | undefined {
    return this.#byId.get(id);
  }

  /** The messages of a subject, in order. */
  ofSubject(subject: string): readonly InMemoryMessage[] {
    return this.#bySubject.get(subject) ?? [];
  }

  /** Sequence of the first message that was stored at or after a time; the next sequence if there is none. */
  sequenceAt(time: number): number {
    const index = this.#messages.findIndex((message) => message !== undefined && message.time >= time);
    return index === -1 ? this.lastSequence + 1 : index + 1;
  }

  /** Whether the guard of a message holds. */
  guardHolds({ subject, headers }: OutgoingMessage): boolean {
    const guard = headers[ServerHeader.expectedLastSubjectSequence];
    if (guard === undefined) return true;
    const guarded = String(headers[ServerHeader.expectedLastSubjectSequenceSubject] ?? subject);
    return (this.ofSubject(guarded).at(-1)?.sequence ?? 0) === Number(guard);
  }

  /**
   * Stores messages with consecutive sequences, without checking their guards.
   *
   * @returns the sequence of the last one.
   */
  store(messages: readonly OutgoingMessage[]): number {
    for (const message of messages) this.#add(message);
    this.wake();
    return this.lastSequence;
  }

  /** Removes one message. Its sequence is not used again, and its id stays known. */
  remove(sequence: number): void {
    const message = this.at(sequence);
    if (message === undefined) return;
    this.#messages[sequence - 1] = undefined;
    this.#forget(message);
  }

  /** Loses all messages after a sequence. The next message gets that sequence again. */
  truncate(sequence: number): void {
    for (const message of this.#messages.splice(sequence)) {
      if (message === undefined) continue;
      this.#forget(message);
      this.#byId.delete(message.id);
    }
  }

  /** Forgets the ids of all messages, as a server does when its duplicate window has passed. */
  forgetIds(): void {
    this.#byId.clear();
  }

  /** Lets everyone who listens look again. */
  wake(): void {
    for (const listener of this.#listeners) listener();
  }

  /**
   * Registers a listener that is called when something was stored.
   *
   * @returns a function that removes the listener.
   */
  onStored(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Lets every handle hear a word, as soon as what runs now has ended. */
  tell(word: string): void {
    for (const listener of this.#peers) queueMicrotask(() => listener(word));
  }

  /**
   * Registers a listener that is called with each word.
   *
   * @returns a function that removes the listener.
   */
  listen(listener: (word: string) => void): () => void {
    this.#peers.add(listener);
    return () => this.#peers.delete(listener);
  }

  #add({ subject, payload, headers }: OutgoingMessage): void {
    this.#lastTime = Math.max(this.#lastTime, this.now());
    const id = String(headers[ServerHeader.messageId] ?? '');
    const message = { subject, sequence: this.lastSequence + 1, data: payload, time: this.#lastTime, id };
    this.#messages.push(message);
    if (id !== '') this.#byId.set(id, message);
    const before = this.#bySubject.get(subject);
    if (before === undefined) this.#bySubject.set(subject, [message]);
    else before.push(message);
  }

  #forget(message: InMemoryMessage): void {
    const left = this.ofSubject(message.subject).filter((other) => other !== message);
    if (left.length === 0) this.#bySubject.delete(message.subject);
    else this.#bySubject.set(message.subject, left);
  }
}
