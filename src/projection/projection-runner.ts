import { asPosition, comparePositions, parsePosition, type Position } from '../event/position.js';
import { isSystemCategory } from '../event/stream-name.js';
import type { StoredCommit } from '../event/commit.js';
import type { EventStore } from '../event-store/event-store.js';
import { abortable } from '../kernel/abortable.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { hasJetsourceBrand } from '../kernel/jetsource-error.js';
import { ProjectionFailedError, WaitTimeoutError } from './projection-errors.js';
import { integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import { Semaphore } from '../kernel/semaphore.js';
import { sleep } from '../kernel/sleep.js';
import type { Checkpoint } from './checkpoint.js';
import type { Reset } from './claim-checkpoint.js';
import type { ProjectionDefinition } from './define-projection.js';
import { ProjectionRun, type RunObserver } from './projection-run.js';
import type { ProjectionState, ProjectionStatus } from './projection-status.js';
import { Rebuild, type RebuildOptions, type RebuildResult } from './rebuild.js';
import { rebuildStart, requireWithinLog } from './rebuild-start.js';
import { Waiters } from './waiters.js';

const WAIT_TIMEOUT_MS = 5_000;
/** Most waits are over by then; the others are worth a look at what they wait for. */
const LOOK_AFTER_MS = 100;

export interface StartOptions {
  /** Gives up waiting for the replay to begin; the projection goes on trying. */
  readonly signal?: AbortSignal | undefined;
}

export interface WaitForOptions {
  /** In milliseconds, 2,147,483,647 at most; 0 only asks. @default 5_000 */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the model is known to hold: all up to a position, and all that the log held up to a sequence. */
interface Reached {
  readonly position: Position | undefined;
  readonly sequence: number;
}

/** One projection in this process: starts and stops its runs, knows its state, and lets callers wait for it. */
export class ProjectionRunner {
  readonly #definition: ProjectionDefinition;
  readonly #store: EventStore;
  readonly #onError: (error: Error) => void;
  readonly #control = new Semaphore(1);
  readonly #waiters = new Waiters();
  #state: ProjectionState = 'idle';
  #error: Error | undefined;
  #checkpoint: Checkpoint | undefined;
  #reached: Reached | undefined;
  #lastSequenceAtStart = 0;
  #run: ProjectionRun | undefined;
  #begun: Promise<void> = Promise.resolve();
  #settleBegun: () => void = () => undefined;
  #ended: Promise<void> = Promise.resolve();
  #rebuild: Rebuild | undefined;
  /** Ends with the next stop: what was asked for before it must not begin behind it. */
  #untilStop = new AbortController();

  /** @param onError Told of each fault, also of those that are waited out. */
  constructor(definition: ProjectionDefinition, store: EventStore, onError: (error: Error) => void) {
    this.#definition = definition;
    this.#store = store;
    this.#onError = onError;
  }

  status(): ProjectionStatus {
    return {
      name: this.#definition.name,
      version: this.#definition.version,
      state: this.#state,
      caughtUp: this.#state === 'live',
      position: this.#checkpoint?.position,
      error: this.#error,
    };
  }

  /** Resolves when the replay has begun, or the first try to begin it has failed, which the status tells. Does nothing while it runs. */
  async start(options: StartOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    await this.#control.run(async () => {
      if (this.#run === undefined) this.#launch();
    });
    await abortable(this.#begun, [options.signal]);
  }

  /** Ends behind the transaction that is under way. */
  async stop(): Promise<void> {
    this.#untilStop.abort(this.#stoppedError());
    this.#untilStop = new AbortController();
    await this.#control.run(async () => {
      await this.#halt();
      this.#reached = undefined;
      this.#state = 'stopped';
      this.#abandon(this.#stoppedError());
    });
  }

  async rebuild(options: RebuildOptions = {}): Promise<RebuildResult> {
    const reset: Reset = { start: rebuildStart(options.from) };
    options.signal?.throwIfAborted();
    const signals = [this.#untilStop.signal, options.signal];
    if (reset.start !== undefined) await abortable(requireWithinLog(reset.start, this.#store), signals);
    const rebuild = new Rebuild(options.onProgress);
    await this.#control.run(async () => {
      for (const signal of signals) signal?.throwIfAborted();
      await this.#halt();
      this.#rebuild?.fail(this.#failure('another rebuild took the place of this one'));
      this.#rebuild = rebuild;
      this.#launch(reset);
    });
    return rebuild.result(options.signal);
  }

  async waitFor(position: Position | undefined, options: WaitForOptions = {}): Promise<void> {
    const timeoutMs = waitTimeout(options.timeoutMs);
    if (position === undefined) return;
    asPosition(position);
    options.signal?.throwIfAborted();
    if (this.#hasReached(position)) return;
    const over = new AbortController();
    void this.#refuseForeign(position, over);
    try {
      const what = `position ${position} in projection ${this.#definition.name}`;
      await this.#wait(() => this.#hasReached(position), what, timeoutMs, [over.signal, options.signal]);
    } finally {
      over.abort();
    }
  }

  async waitUntilLive(options: WaitForOptions = {}): Promise<void> {
    const timeoutMs = waitTimeout(options.timeoutMs);
    options.signal?.throwIfAborted();
    if (this.#state === 'live') return;
    const what = `projection ${this.#definition.name} being live`;
    await this.#wait(() => this.#state === 'live', what, timeoutMs, [options.signal]);
  }

  async #wait(
    isOver: () => boolean,
    what: string,
    timeoutMs: number,
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<void> {
    if (this.#state === 'stopped') throw this.#stoppedError();
    if (this.#run === undefined && this.#error !== undefined) throw this.#error;
    await this.#waiters.until(isOver, {
      timeoutMs,
      signals,
      onTimeout: () => {
        const progress = `it is ${this.#state} at ${this.#checkpoint?.position ?? 'the beginning'}`;
        const cause = this.#error;
        return new WaitTimeoutError({ what, timeoutMs, progress }, cause && { cause });
      },
    });
  }

  #hasReached(position: Position): boolean {
    if (this.#reached === undefined) return false;
    const reached = this.#reached.position;
    if (reached !== undefined && comparePositions(position, reached) <= 0) return true;
    return parsePosition(position).sequence <= this.#reached.sequence;
  }

  /** An event that the projection never reads would be waited for in vain. */
  async #refuseForeign(position: Position, over: AbortController): Promise<void> {
    try {
      await sleep(LOOK_AFTER_MS, over.signal);
      const commit = await this.#store.commitAt(parsePosition(position).sequence);
      if (commit === undefined || this.#reads(commit.stream.category)) return;
      const { name } = this.#definition;
      const allowed = `a position that projection ${name} reads (${commit.stream.toString()} is none of its streams)`;
      over.abort(new InvalidOptionError({ option: 'position', given: position, allowed }));
    } catch {
      // the wait is over, or the log does not answer: the timeout tells
    }
  }

  #reads(category: string): boolean {
    return this.#definition.categories?.includes(category) ?? !isSystemCategory(category);
  }

  #launch(reset?: Reset): void {
    const run = new ProjectionRun(this.#definition, this.#store, this.#observer());
    this.#run = run;
    this.#state = 'catching-up';
    this.#error = undefined;
    this.#reached = undefined;
    this.#begun = new Promise((resolve) => (this.#settleBegun = resolve));
    this.#ended = this.#supervise(run, reset);
  }

  async #supervise(run: ProjectionRun, reset: Reset | undefined): Promise<void> {
    try {
      await run.work(reset);
    } catch (error) {
      this.#fail(error as Error);
    } finally {
      this.#run = undefined;
      this.#settleBegun();
    }
  }

  async #halt(): Promise<void> {
    this.#run?.stop();
    await this.#ended;
  }

  #fail(error: Error): void {
    this.#state = stateAfter(error);
    this.#error = error;
    // what a failed projection holds stays true; whose model the other two see now is not known
    if (this.#state !== 'failed') this.#reached = undefined;
    this.#report(error);
    this.#abandon(error);
  }

  #abandon(error: Error): void {
    this.#waiters.fail(error);
    this.#rebuild?.fail(error);
    this.#rebuild = undefined;
  }

  #observer(): RunObserver {
    return {
      claimed: (checkpoint, lastSequence) => {
        this.#lastSequenceAtStart = lastSequence;
        this.#reach(checkpoint, 0);
        this.#settleBegun();
      },
      advanced: (checkpoint, commits) => {
        this.#reach(checkpoint, this.#reached?.sequence ?? 0);
        this.#progress(checkpoint, commits);
      },
      batchDone: (caughtUp) => this.#batchDone(caughtUp),
      interrupted: () => {
        this.#state = 'catching-up';
      },
      delayed: (error) => {
        this.#state = 'catching-up';
        this.#error = error;
        this.#report(error);
        this.#settleBegun();
      },
    };
  }

  #reach(checkpoint: Checkpoint, sequence: number): void {
    this.#checkpoint = checkpoint;
    this.#error = undefined;
    this.#reached = { position: checkpoint.position, sequence };
    this.#waiters.settle();
  }

  #progress(checkpoint: Checkpoint, commits: readonly StoredCommit[]): void {
    try {
      if (checkpoint.position !== undefined) this.#rebuild?.advance(checkpoint.position, commits);
    } catch (error) {
      this.#report(error as Error);
    }
  }

  #batchDone(caughtUp: boolean): void {
    this.#state = caughtUp ? 'live' : 'catching-up';
    this.#error = undefined;
    if (!caughtUp) return;
    // also what it does not read, and what stands before its start, is behind it now
    this.#reached = { position: this.#checkpoint?.position, sequence: this.#lastSequenceAtStart };
    this.#waiters.settle();
    this.#rebuild?.complete();
    this.#rebuild = undefined;
  }

  #report(error: Error): void {
    try {
      this.#onError(error);
    } catch {
      // a listener's fault is no reason to stop a projection
    }
  }

  #stoppedError(): ProjectionFailedError {
    return this.#failure('stop() was called');
  }

  #failure(reason: string): ProjectionFailedError {
    return new ProjectionFailedError({ projection: this.#definition.name, reason });
  }
}

function waitTimeout(given: number | undefined): number {
  return integerOption('timeoutMs', given, { fallback: WAIT_TIMEOUT_MS, min: 0, max: LONGEST_TIMER_MS });
}

function stateAfter(error: Error): ProjectionState {
  if (!hasJetsourceBrand(error)) return 'failed';
  if (error.code === 'projection-diverged') return 'diverged';
  return error.code === 'projection-fenced' ? 'fenced' : 'failed';
}
