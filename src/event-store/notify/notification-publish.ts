import { type Position, positionOf } from '../../event/position.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { sleep } from '../../kernel/sleep.js';
import type { MessageLog, OutgoingMessage, PublishAnswer } from '../../log/message-log.js';

/** What became of one notification. */
export type NotificationEnd =
  | { readonly kind: 'stored'; readonly position: Position }
  | { readonly kind: 'unknown' | 'not-stored'; readonly error: unknown };

const PAUSE_MS = { first: 5, max: 500 };

/**
 * One notification on its way into the log. Its message id makes it safe to send again within the duplicate
 * window.
 */
export class Notification {
  readonly #log: MessageLog;
  readonly #message: OutgoingMessage;
  readonly #deadline: Deadline;
  /** Whether a send was not answered, so that it may have been stored. */
  #mayBeStored = false;

  constructor(log: MessageLog, message: OutgoingMessage, deadline: Deadline) {
    this.#log = log;
    this.#message = message;
    this.#deadline = deadline;
  }

  /** Never rejects. */
  async publish(): Promise<NotificationEnd> {
    const backoff = new Backoff(PAUSE_MS.first, PAUSE_MS.max);
    try {
      do {
        const end = this.#judge(await this.#log.publish(this.#message, this.#deadline, this.#log.epoch));
        if (end !== undefined) return end;
        await sleep(Math.min(backoff.next(), this.#deadline.leftMs), this.#deadline.signal);
      } while (!this.#deadline.passed);
      return this.#unanswered(undefined);
    } catch (error) {
      if (this.#deadline.signal?.aborted === true) return this.#unanswered(undefined);
      const isSure = hasJetsourceBrand(error) && error.outcome === 'not-applied';
      return this.#failed(error, isSure);
    }
  }

  /** Undefined when it has to be sent again. */
  #judge(answer: PublishAnswer): NotificationEnd | undefined {
    switch (answer.kind) {
      case 'stored':
        return { kind: 'stored', position: positionOf(answer.sequence, 0) };
      case 'duplicate':
        if (answer.sequence > 0) return { kind: 'stored', position: positionOf(answer.sequence, 0) };
        // the log knows the id, and not what became of it
        this.#mayBeStored = true;
        return undefined;
      case 'stale':
        // nothing here depends on what was read before
        this.#mayBeStored ||= answer.sent;
        return undefined;
      case 'conflict':
        return this.#refused('a guard that it does not have', answer.resent);
      case 'refused':
        return this.#refused(answer.reason, answer.resent);
      case 'unanswered':
        this.#mayBeStored ||= !answer.sure;
        return this.#unanswered(answer.cause);
    }
  }

  #refused(reason: string, resent: boolean): NotificationEnd {
    return this.#failed(new NatsError(`notify: the server refused it: ${reason}`), !resent);
  }

  /** The time is up, or the caller gave up, whose reason is handed on as it is. */
  #unanswered(cause: unknown): NotificationEnd {
    const { signal, totalMs } = this.#deadline;
    if (signal?.aborted === true) return this.#failed(signal.reason, true);
    const fact = this.#mayBeStored ? 'no answer' : 'nothing was stored; no server took it';
    const outcome = this.#mayBeStored ? 'unknown' : 'not-applied';
    const error = new NatsError(`notify: ${fact} within ${totalMs} ms`, { outcome, cause });
    return this.#failed(error, true);
  }

  #failed(error: unknown, isSure: boolean): NotificationEnd {
    return { kind: isSure && !this.#mayBeStored ? 'not-stored' : 'unknown', error };
  }
}
