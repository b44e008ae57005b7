import { v4 as randomUuid } from 'uuid';
import type { OutgoingMessage } from '../../jetstream/publish/publisher.js';

/** What a JetStream stream keeps of a message that matters here: bytes, not objects, so that nobody can change what is stored. */
export interface InMemoryMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly data: Uint8Array;
  /** When it was stored, in milliseconds since 1970; never before the message ahead of it. */
  readonly time: number;
}

/** The place of a JetStream stream: messages in order, an index of subjects and one of message ids. */
export class InMemoryLog {
  readonly identity = randomUuid();
  /** By sequence; undefined where a message was deleted. */
  readonly #messages: (InMemoryMessage | undefined)[] = [];
  readonly #bySubject = new Map<string, InMemoryMessage[]>();
  readonly #byId = new Map<string, InMemoryMessage>();
  #lastTime = 0;
  readonly #listeners = new Set<() => void>();

  get lastSequence(): number {
    return this.#messages.length;
  }

  /** The subjects that hold anything, in the order of their first messages. */
  get subjects(): string[] {
    return [...this.#bySubject.keys()];
  }

  at(sequence: number): InMemoryMessage | undefined {
    return this.#messages[sequence - 1];
  }

  withId(id: string): InMemoryMessage | undefined {
    return this.#byId.get(id);
  }

  /** The messages of a subject as they are now, in order. */
  ofSubject(subject: string): readonly InMemoryMessage[] {
    return this.#bySubject.get(subject) ?? [];
  }

  /** Sequence of the first message that was not stored before a time; the next one's when there is none. */
  sequenceAt(time: number): number {
    const index = this.#messages.findIndex((message) => message !== undefined && message.time >= time);
    return index === -1 ? this.lastSequence + 1 : index + 1;
  }

  /**
   * Stores messages next to each other. Guards are not looked at: between their check and this nothing can come.
   *
   * @param deleted Sequences to leave out ahead of them: those of messages that a server would have stored and deleted.
   */
  store(messages: readonly OutgoingMessage[], deleted = 0): InMemoryMessage[] {
    for (let left = deleted; left > 0; left -= 1) this.#messages.push(undefined);
    const stored = messages.map((message) => this.#add(message));
    this.wake();
    return stored;
  }

  /** Lets everyone who listens look again. */
  wake(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Told of whatever is stored. @returns what stops the listening. */
  onStored(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #add({ subject, payload, headers }: OutgoingMessage): InMemoryMessage {
    this.#lastTime = Math.max(this.#lastTime, Date.now());
    const message = { subject, sequence: this.lastSequence + 1, data: payload, time: this.#lastTime };
    this.#messages.push(message);
    this.#byId.set(String(headers['Nats-Msg-Id'] ?? ''), message);
    const before = this.#bySubject.get(subject);
    if (before === undefined) this.#bySubject.set(subject, [message]);
    else before.push(message);
    return message;
  }
}
