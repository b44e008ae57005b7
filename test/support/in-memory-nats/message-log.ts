import type { HeaderValues } from '../../../src/log/message-log.js';
import { covers } from '../../../src/jetstream/names/subject-pattern.js';

/** A message on its way into a log. */
export interface NewMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: HeaderValues;
  /** A message whose id the log knows is not stored again. */
  readonly id?: string | undefined;
  readonly guard?: Guard | undefined;
  /** Milliseconds since 1970. @default now */
  readonly time?: number | undefined;
}

/** What must be so for a message to be stored. */
export interface Guard {
  /** Last sequence of the log. */
  readonly lastSequence?: number | undefined;
  /** Id of the log's last message. */
  readonly lastMessageId?: string | undefined;
  /** Last sequence of a subject, or of all subjects that match a pattern; 0 for none. */
  readonly lastOfSubject?: { readonly pattern: string; readonly sequence: number } | undefined;
}

/** A message of a log. */
export interface LogMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: HeaderValues;
  readonly id: string | undefined;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** What became of a message or a batch; `sequence` is that of the last message. */
export type StoreAnswer =
  | { readonly kind: 'stored'; readonly sequence: number }
  | { readonly kind: 'duplicate'; readonly sequence: number }
  | { readonly kind: 'violated'; readonly guard: keyof Guard; readonly found: number | string };

/** What is looked for: part of a log that some reader sees. */
export interface LogRange {
  readonly from: number;
  /** @default the end of the log */
  readonly to?: number | undefined;
  /** Subject patterns; none for all subjects. */
  readonly filters: readonly string[];
}

/** Messages in the order they were stored, with the ids and guards that a JetStream stream checks. */
export class MessageLog {
  #messages: LogMessage[] = [];
  readonly #ids = new Map<string, number>();
  #lastSequence = 0;

  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Messages that are there, without those that were removed. */
  get size(): number {
    return this.#messages.length;
  }

  /** The guard is checked before the id, as a server does that has one replica. */
  store(message: NewMessage): StoreAnswer {
    const violation = this.#violation(message.guard);
    if (violation !== undefined) return violation;
    const known = message.id === undefined ? undefined : this.#ids.get(message.id);
    if (known !== undefined) return { kind: 'duplicate', sequence: known };
    return { kind: 'stored', sequence: this.#add(message) };
  }

  /** Stores all or none. Ids are checked before guards, and guards against the messages before the batch. */
  storeBatch(messages: readonly NewMessage[]): StoreAnswer {
    const ids = messages.flatMap(({ id }) => (id === undefined ? [] : [id]));
    const isRepeated = new Set(ids).size < ids.length || ids.some((id) => this.#ids.has(id));
    if (isRepeated) return { kind: 'duplicate', sequence: 0 };
    for (const { guard } of messages) {
      const violation = this.#violation(guard);
      if (violation !== undefined) return violation;
    }
    for (const message of messages) this.#add(message);
    return { kind: 'stored', sequence: this.#lastSequence };
  }

  get(sequence: number): LogMessage | undefined {
    return this.#messages.find((message) => message.sequence === sequence);
  }

  /** All messages of a range, in order. */
  in({ from, to = Infinity, filters }: LogRange): LogMessage[] {
    return this.#messages.filter(
      ({ sequence, subject }) =>
        sequence >= from &&
        sequence <= to &&
        (filters.length === 0 || filters.some((filter) => covers(filter, subject))),
    );
  }

  /** The last message of a subject, or of a pattern. */
  lastOf(pattern: string, to?: number): LogMessage | undefined {
    return this.in({ from: 1, to, filters: [pattern] }).at(-1);
  }

  /** @returns whether it was there. */
  remove(sequence: number): boolean {
    const before = this.size;
    this.#messages = this.#messages.filter((message) => message.sequence !== sequence);
    return this.size < before;
  }

  /** Forgets all after a sequence, and that it ever was: the next message takes the next sequence. */
  truncate(sequence: number): void {
    this.#messages = this.#messages.filter((message) => message.sequence <= sequence);
    for (const [id, stored] of this.#ids) if (stored > sequence) this.#ids.delete(id);
    this.#lastSequence = Math.min(this.#lastSequence, sequence);
  }

  #add({ subject, data, headers, id, time = Date.now() }: NewMessage): number {
    this.#lastSequence += 1;
    this.#messages.push({ sequence: this.#lastSequence, subject, data, headers, id, time });
    if (id !== undefined) this.#ids.set(id, this.#lastSequence);
    return this.#lastSequence;
  }

  #violation({ lastSequence, lastMessageId, lastOfSubject }: Guard = {}): StoreAnswer | undefined {
    const lastId = this.#messages.at(-1)?.id ?? '';
    const last = lastOfSubject && (this.lastOf(lastOfSubject.pattern)?.sequence ?? 0);
    if (last !== lastOfSubject?.sequence)
      return { kind: 'violated', guard: 'lastOfSubject', found: last as number };
    if (lastSequence !== undefined && lastSequence !== this.#lastSequence)
      return { kind: 'violated', guard: 'lastSequence', found: this.#lastSequence };
    if (lastMessageId !== undefined && lastMessageId !== lastId)
      return { kind: 'violated', guard: 'lastMessageId', found: lastId };
    return undefined;
  }
}
