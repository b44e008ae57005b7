import type { StoredCommit } from '../event/commit.js';
import { comparePositions, positionOf } from '../event/position.js';
import type { CommitBatch } from '../event-store/replay/follow-options.js';
import type { EventStore } from '../event-store/event-store.js';
import { abortable } from '../kernel/abortable.js';
import { hasJetsourceBrand } from '../kernel/jetsource-error.js';
import { ProjectionFailedError } from './projection-errors.js';
import { applyCommits } from './apply-commits.js';
import type { Checkpoint } from './checkpoint.js';
import { claimCheckpoint, type Reset } from './claim-checkpoint.js';
import type { ProjectionDefinition } from './define-projection.js';
import { HandlerFault } from './handler-fault.js';
import { retry } from './retry.js';
import { verifyCheckpoint } from './verify-checkpoint.js';

/** What a run tells while it goes on. None of these may throw. */
export interface RunObserver {
  /** The checkpoint is ours and belongs to the log, which ended at that sequence; the replay begins. */
  claimed(checkpoint: Checkpoint, lastSequence: number): void;
  /** The commits are in the model. */
  advanced(checkpoint: Checkpoint, commits: readonly StoredCommit[]): void;
  /** A batch is done; whether nothing was behind it. */
  batchDone(caughtUp: boolean): void;
  /** The replay was interrupted and starts anew. */
  interrupted(): void;
  /** Something failed that is tried again. */
  delayed(error: Error): void;
}

/** A projection at work: from the claim of its checkpoint until it is stopped or cannot go on. */
export class ProjectionRun {
  readonly #definition: ProjectionDefinition;
  readonly #store: EventStore;
  readonly #observer: RunObserver;
  readonly #abort = new AbortController();
  #checkpoint: Checkpoint | undefined;
  #fault: Error | undefined;
  #unverified = false;
  #verification: Promise<void> | undefined;

  constructor(definition: ProjectionDefinition, store: EventStore, observer: RunObserver) {
    this.#definition = definition;
    this.#store = store;
    this.#observer = observer;
  }

  /** Lets {@link work} end behind the transaction that is under way. */
  stop(): void {
    this.#abort.abort();
  }

  /**
   * Resolves when stopped.
   *
   * @throws {@link ProjectionFailedError}, {@link ProjectionDivergedError}, {@link ProjectionFencedError} when it cannot go on.
   */
  async work(reset?: Reset): Promise<void> {
    try {
      const checkpoint = await this.#retry(() => claimCheckpoint(this.#definition, this.#store, reset));
      this.#checkpoint = checkpoint;
      const last = await this.#verify(checkpoint);
      this.#observer.claimed(checkpoint, last);
      await this.#follow(checkpoint);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#fault = this.#asFault(error);
    } finally {
      // ends a verification that is under way, too
      this.#abort.abort();
      await this.#verification;
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #follow(checkpoint: Checkpoint): Promise<void> {
    const { position, start } = checkpoint;
    const { signal } = this.#abort;
    const batches = this.#store.follow({
      from: position === undefined ? start : { after: position },
      categories: this.#definition.categories,
      signal,
      onRecovery: () => this.#recovered(),
    });
    for await (const batch of batches) {
      await this.#verification;
      if (signal.aborted) return;
      await this.#apply(batch);
    }
    if (!signal.aborted) throw this.#failure('the replay of the log ended');
  }

  async #apply(batch: CommitBatch): Promise<void> {
    let left = batch.commits.filter((commit) => this.#isNew(commit));
    while (left.length > 0) left = left.slice(await this.#applyLeading(left));
    this.#observer.batchDone(batch.caughtUp);
  }

  #isNew(commit: StoredCommit): boolean {
    const position = this.#checkpoint?.position;
    const last = positionOf(commit.sequence, commit.events.length - 1);
    return position === undefined || comparePositions(last, position) > 0;
  }

  /** Applies all the commits, or those before the one that fails, so that a projection stops right at it. Returns how many. */
  async #applyLeading(commits: readonly StoredCommit[]): Promise<number> {
    let leading = commits;
    const checkpoint = await this.#retry(async () => {
      try {
        return await this.#commit(leading);
      } catch (error) {
        if (error instanceof HandlerFault && error.commitsBefore > 0) {
          leading = leading.slice(0, error.commitsBefore);
        }
        throw error;
      }
    });
    this.#checkpoint = checkpoint;
    this.#observer.advanced(checkpoint, leading);
    return leading.length;
  }

  async #commit(commits: readonly StoredCommit[]): Promise<Checkpoint> {
    const { registry } = this.#store;
    return applyCommits(this.#definition, registry, this.#checkpoint as Checkpoint, commits);
  }

  #recovered(): void {
    this.#unverified = true;
    this.#observer.interrupted();
    this.#verification ??= this.#verifyAgain();
  }

  /** A server that comes back may have come back with an older log; one that stays silent about new commits would hide that. */
  async #verifyAgain(): Promise<void> {
    try {
      while (this.#unverified) {
        this.#unverified = false;
        await this.#verify(this.#checkpoint as Checkpoint);
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#fault = this.#asFault(error);
      this.#abort.abort();
    } finally {
      this.#verification = undefined;
    }
  }

  /** It only reads, so a stop does not wait for a log that does not answer. */
  async #verify(checkpoint: Checkpoint): Promise<number> {
    return this.#retry(() => abortable(verifyCheckpoint(checkpoint, this.#store), [this.#abort.signal]));
  }

  async #retry<T>(work: () => Promise<T>): Promise<T> {
    return retry(work, {
      projection: this.#definition.name,
      signal: this.#abort.signal,
      onDelay: (error) => this.#observer.delayed(error),
    });
  }

  #asFault(error: unknown): Error {
    if (hasJetsourceBrand(error)) {
      const { code } = error;
      if (code === 'projection-failed' || code === 'projection-diverged' || code === 'projection-fenced')
        return error;
    }
    return this.#failure(error instanceof Error ? error.message : String(error), error);
  }

  #failure(reason: string, cause?: unknown): ProjectionFailedError {
    return new ProjectionFailedError({ projection: this.#definition.name, reason }, { cause });
  }
}
