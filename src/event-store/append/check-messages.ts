import type { StreamName } from '../../event/stream-name.js';
import { slotOf } from '../../event/slot.js';
import { subjectOf } from '../../event/subject.js';
import { ServerHeader } from '../../jetstream/api/server-headers.js';
import { Deadline } from '../../kernel/deadline.js';
import type { MessageLog, OutgoingMessage } from '../../log/message-log.js';

/** The category of these messages. They hold no commits. */
export const CHECK_CATEGORY = '$check';
const DELETE_TIMEOUT_MS = 5_000;

const utf8 = new TextEncoder();

/** One check of a transaction. */
export interface Check {
  /** Id of the transaction. */
  readonly transaction: string;
  /** Index of the entry in the transaction. */
  readonly index: number;
  readonly stream: StreamName;
  /** Sequence of the last commit of the stream; 0 for a stream that does not exist. */
  readonly guard: number;
}

/**
 * Messages that carry the check of a stream which a transaction does not write. JetStream ignores the guard
 * of an end-of-batch message, so a check needs a message of its own. Every reader skips them. They are
 * deleted when the transaction has been settled.
 */
export class CheckMessages {
  readonly #log: MessageLog;
  readonly #store: string;
  #mayDelete = true;

  constructor(log: MessageLog, store: string) {
    this.#log = log;
    this.#store = store;
  }

  /** Whether the last delete succeeded, if there was one. */
  get mayDelete(): boolean {
    return this.#mayDelete;
  }

  /** The message that makes its batch fail unless the stream ends at the guard. */
  make({ transaction, index, stream, guard }: Check): OutgoingMessage {
    return {
      subject: `${this.#store}.${slotOf(stream)}.${CHECK_CATEGORY}.${transaction}-${index}`,
      payload: utf8.encode(JSON.stringify({ format: 1, check: [stream.category, stream.id], transaction })),
      headers: {
        [ServerHeader.expectedLastSubjectSequence]: String(guard),
        [ServerHeader.expectedLastSubjectSequenceSubject]: subjectOf(this.#store, stream),
      },
    };
  }

  /**
   * Deletes checks in the background. One that stays (no permission, no server) is harmless and is swept
   * later.
   */
  discard(sequences: readonly number[]): void {
    for (const sequence of sequences) void this.#delete(sequence).catch(() => undefined);
  }

  /** Deletes checks that are older than that. */
  async sweep(olderThanMs: number): Promise<number> {
    let swept = 0;
    for (const subject of await this.#subjects()) {
      const message = await this.#log.lastAtLeader(subject);
      if (message === undefined || Date.now() - (message.time ?? 0) < olderThanMs) continue;
      await this.#delete(message.sequence);
      swept += 1;
    }
    return swept;
  }

  async #subjects(): Promise<readonly string[]> {
    const filter = `${this.#store}.*.${CHECK_CATEGORY}.*`;
    const { subjects } = await this.#log.subjectNames(filter, 0, new Deadline(DELETE_TIMEOUT_MS));
    return subjects;
  }

  async #delete(sequence: number): Promise<void> {
    this.#mayDelete = false;
    await this.#log.delete(sequence, new Deadline(DELETE_TIMEOUT_MS));
    this.#mayDelete = true;
  }
}
