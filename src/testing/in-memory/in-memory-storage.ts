import { v4 as randomUuid } from 'uuid';
import { ServerHeader } from '../../jetstream/api/server-headers.js';
import type { OutgoingMessage } from '../../log/message-log.js';

/** What a JetStream stream keeps of a message that matters here: bytes, not objects, so that nobody can change what is stored. */
export interface InMemoryMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly data: Uint8Array;
  /** When it was stored, in milliseconds since 1970; never before the message ahead of it. */
  readonly time: number;
  /** Its message id; empty for none. */
  readonly id: string;
}

/** Messages in order, with an index of subjects and one of message ids. Shared by all handles on one store in memory. */
export class InMemoryStorage {
  /** Tells one log from another of the same name. */
  readonly identity = randomUuid();
  /** By sequence, from 1; undefined where a message was removed. */
  readonly #messages: (InMemoryMessage | undefined)[] = [];
  readonly #bySubject = new Map<string, InMemoryMessage[]>();
  readonly #byId = new Map<string, InMemoryMessage>();
  readonly #listeners = new Set<() => void>();
  #lastTime = 0;
  /** The clock that messages get their times from. */
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

  /** The message that was stored under an id, also when it was removed since. */
  withId(id: string): InMemoryMessage | undefined {
    return this.#byId.get(id);
  }

  /** The messages of a subject, in order. */
  ofSubject(subject: string): readonly InMemoryMessage[] {
    return this.#bySubject.get(subject) ?? [];
  }

  /** Sequence of the first message that was not stored before a time; the next one's when there is none. */
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

  /** Stores messages next to each other, without a look at their guards. @returns the sequence of the last one. */
  store(messages: readonly OutgoingMessage[]): number {
    for (const message of messages) this.#add(message);
    this.wake();
    return this.lastSequence;
  }

  /** Removes one message; its sequence stays taken, its id known. */
  remove(sequence: number): void {
    const message = this.at(sequence);
    if (message === undefined) return;
    this.#messages[sequence - 1] = undefined;
    this.#forget(message);
  }

  /** Loses all messages after a sequence: it is given again to the next message. */
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

  /** Told when something was stored. @returns what stops that. */
  onStored(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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
