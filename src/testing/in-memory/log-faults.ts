import { RecordFaults } from './record-faults.js';

/** A fault of one publish. */
export type PublishFault =
  /** Stored, but the answer is lost. The resend meets the broken guard, or the known message id. */
  | { readonly kind: 'lost-answer'; readonly resend: 'conflict' | 'duplicate' }
  /** Stored or not; no answer comes until the deadline. */
  | { readonly kind: 'silence'; readonly stored: boolean }
  /** Refused; a resend would not help. `resent` if an earlier send may have been stored. */
  | { readonly kind: 'refused'; readonly reason: string; readonly resent: boolean }
  /**
   * Answered as a conflict after a resend, though nothing was stored: a new leader may not know the end yet.
   */
  | { readonly kind: 'false-conflict' }
  /** Stored or not, no answer comes, and then the log may have lost its end. */
  | { readonly kind: 'interrupted'; readonly stored: boolean; readonly meanwhile: () => void | Promise<void> }
  /** Nobody takes it until the deadline: nothing is stored. */
  | { readonly kind: 'unserved' };

/**
 * Faults that a log in memory injects. Faults of publishes are used up one by one, in the order of the calls.
 */
export class LogFaults {
  readonly #publishes: PublishFault[] = [];
  readonly #pauses: (() => void | Promise<void>)[] = [];
  #known = Infinity;
  /** Faults of the records beside the log. */
  readonly records = new RecordFaults();

  /**
   * The next publish is stored, but its answer is lost. A single server answers the resend with a conflict, a
   * cluster with `duplicate`.
   */
  loseAnswer(resend: 'conflict' | 'duplicate' = 'conflict'): void {
    this.#publishes.push({ kind: 'lost-answer', resend });
  }

  /**
   * The next publish gets no answer.
   *
   * @param stored Whether it is stored.
   */
  fallSilent(stored: boolean): void {
    this.#publishes.push({ kind: 'silence', stored });
  }

  /**
   * The next publish is refused.
   *
   * @param resent Whether an earlier send of it may have been stored.
   */
  refuse(reason: string, resent = false): void {
    this.#publishes.push({ kind: 'refused', reason, resent });
  }

  /** The next publish is answered as a conflict, though its guard holds and nothing was stored. */
  answerFalseConflict(): void {
    this.#publishes.push({ kind: 'false-conflict' });
  }

  /** No server takes the next publish. */
  leaveUnserved(): void {
    this.#publishes.push({ kind: 'unserved' });
  }

  /**
   * The next publish gets no answer before the connection is renewed, so it is not sent again.
   *
   * @param stored Whether it is stored all the same, before `meanwhile`.
   * @param meanwhile Has to end in a reconnect of the log.
   */
  interrupt(stored: boolean, meanwhile: () => void | Promise<void>): void {
    this.#publishes.push({ kind: 'interrupted', stored, meanwhile });
  }

  /** Something happens right before the next publish reaches the log, such as another writer's append. */
  beforeNextPublish(action: () => void | Promise<void>): void {
    this.#pauses.push(action);
  }

  /** Reads from replicas see the log up to a sequence; reads from the leader see all of it. */
  lag(sequence: number): void {
    this.#known = sequence;
  }

  /** Reads from replicas see the whole log again. */
  catchUp(): void {
    this.#known = Infinity;
  }

  /** @internal */
  get known(): number {
    return this.#known;
  }

  /** @internal */
  async takePublishFault(): Promise<PublishFault | undefined> {
    await this.#pauses.shift()?.();
    return this.#publishes.shift();
  }

  /** @internal */
  get isQuiet(): boolean {
    return this.#publishes.length === 0 && this.#pauses.length === 0;
  }
}
