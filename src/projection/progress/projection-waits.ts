import { asPosition, parsePosition, type Position } from '../../event/position.js';
import { isSystemCategory } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { sleep } from '../../kernel/sleep.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { describeProjection } from '../definition/projection-id.js';
import { type WaitLag, WaitTimeoutError } from '../projection-errors.js';
import { resolveWait, type WaitForOptions, type WaitUntilLiveOptions } from './wait-for-options.js';
import { Waiters } from './waiters.js';

/** Most waits are over by then. For the others it is worth asking the log what they wait for. */
const LOOK_AFTER_MS = 100;

interface Wait {
  readonly isOver: () => boolean;
  /** For the error of a timeout. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signals: readonly (AbortSignal | undefined)[];
}

/** What is known of a projection, over all its lanes. */
export interface WaitedProgress {
  /** Why it does not go on; undefined while it does. */
  failure(): Error | undefined;
  /** Whether the model holds what it can hold of the log up to that position. */
  hasReached(position: Position): boolean;
  /** Whether it has read all that is stored. */
  isLive(): boolean;
  /** How far it is, for the error of a timeout. */
  describe(): string;
  /** The same in numbers. */
  lag(): WaitLag;
  /** What it is waiting out. */
  error(): Error | undefined;
}

/** Callers that wait for a projection's progress. */
export class ProjectionWaits {
  readonly #definition: ProjectionDefinition;
  readonly #store: EventStore;
  readonly #progress: WaitedProgress;
  readonly #waiters = new Waiters();

  constructor(definition: ProjectionDefinition, store: EventStore, progress: WaitedProgress) {
    this.#definition = definition;
    this.#store = store;
    this.#progress = progress;
  }

  /**
   * Resolves when the model holds the event at that position.
   *
   * @throws {@link InvalidOptionError} when the projection does not read that event.
   */
  async forPosition(position: Position | undefined, options: WaitForOptions): Promise<void> {
    const { timeoutMs, signal } = resolveWait(options, ['ofAnyCategory']);
    if (position === undefined) return;
    asPosition(position);
    signal?.throwIfAborted();
    const isOver = (): boolean => this.#progress.hasReached(position);
    if (isOver()) return;
    const look = new AbortController();
    if (options.ofAnyCategory !== true) void this.#refuseForeign(position, look);
    const what = `position ${position} in projection ${describeProjection(this.#definition)}`;
    try {
      await this.#until({ isOver, what, timeoutMs, signals: [look.signal, signal] });
    } finally {
      look.abort();
    }
  }

  /** Resolves when the projection has read all that is stored. */
  async untilLive(options: WaitUntilLiveOptions): Promise<void> {
    const { timeoutMs, signal } = resolveWait(options);
    signal?.throwIfAborted();
    const isOver = (): boolean => this.#progress.isLive();
    if (isOver()) return;
    const what = `projection ${describeProjection(this.#definition)} being live`;
    await this.#until({ isOver, what, timeoutMs, signals: [signal] });
  }

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#waiters.isEmpty;
  }

  /** Resolves the waits that are over; to be called after each change of the progress. */
  settle(): void {
    this.#waiters.settle();
  }

  /** Rejects all waits. */
  fail(error: Error): void {
    this.#waiters.fail(error);
  }

  async #until({ isOver, what, timeoutMs, signals }: Wait): Promise<void> {
    const failure = this.#progress.failure();
    if (failure !== undefined) throw failure;
    const onTimeout = (): Error => {
      const error = this.#progress.error();
      const details = { what, timeoutMs, progress: this.#progress.describe(), lag: this.#progress.lag() };
      return new WaitTimeoutError(details, error && { cause: error });
    };
    await this.#waiters.until(isOver, { timeoutMs, signals, onTimeout });
  }

  /** An event that the projection never reads would be waited for until the timeout. */
  async #refuseForeign(position: Position, wait: AbortController): Promise<void> {
    try {
      await sleep(LOOK_AFTER_MS, wait.signal);
      const commit = await this.#store.commitAt(parsePosition(position).sequence);
      if (commit === undefined || this.#reads(commit.stream.category)) return;
      const reader = describeProjection(this.#definition);
      const allowed = `a position that projection ${reader} reads (${commit.stream.toString()} is none of its streams)`;
      wait.abort(new InvalidOptionError({ option: 'position', given: position, allowed }));
    } catch {
      // the wait is over, or the log does not answer: then the timeout ends the wait
    }
  }

  #reads(category: string): boolean {
    return this.#definition.categories?.includes(category) ?? !isSystemCategory(category);
  }
}
