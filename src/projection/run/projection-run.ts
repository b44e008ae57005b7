import type { StoredCommit } from '../../event/commit.js';
import { comparePositions, parsePosition, positionOf } from '../../event/position.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { CorruptStreamError } from '../../event/event-errors.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { CommitBatch } from '../../event-store/replay/follow-options.js';
import type { ReadAllStart } from '../../event-store/replay/read-all-start.js';
import { abortable } from '../../kernel/abortable.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import type { Checkpoint } from '../store/checkpoint.js';
import { verifyCheckpoint } from './verify-checkpoint.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionDivergedError, ProjectionFailedError } from '../projection-errors.js';
import type { ModelId } from '../store/model-id.js';
import { applyCommits, checkpointAfter, type GivenUpEvent } from './apply-commits.js';
import { claimLane } from './claim-lane.js';
import { Fenced } from './fenced.js';
import { HandlerFault } from './handler-fault.js';
import { slotsToRead } from './lane-layout.js';
import { markCaughtUp } from './mark-caught-up.js';
import { ReplayPace, type ReplayLimits } from './replay-pace.js';
import { Retries } from './retries.js';
import { firstTransaction, restIsToCome, wholeTransactions } from './whole-transactions.js';
import type { RunListener } from './run-event.js';
import { RunWatch } from './run-watch.js';

/** Which part of a projection a run builds. */
export interface RunScope {
  readonly definition: ProjectionDefinition;
  readonly store: EventStore;
  readonly model: ModelId;
  readonly lane: number;
  /** See {@link LaneClaim.mayDivide}. */
  readonly mayDivide: boolean;
  /** Whether readers see the model, as far as is known here. */
  readonly isServing: () => boolean;
  /** How fast the model is built until it has caught up. */
  readonly limits: ReplayLimits;
}

/** One lane of a model at work, from the claim of its checkpoint until it is stopped or cannot continue. */
export class ProjectionRun {
  readonly #scope: RunScope;
  readonly #definition: ProjectionDefinition;
  readonly #store: EventStore;
  readonly #listener: RunListener;
  readonly #abort = new AbortController();
  readonly #watch: RunWatch;
  readonly #retries: Retries;
  readonly #pace: ReplayPace;
  /** Events that the projection goes on without, until they are passed; see {@link Batch.givenUp}. */
  readonly #givenUp = new Map<string, GivenUpEvent>();
  #checkpoint: Checkpoint | undefined;
  #fault: Error | undefined;
  /** Commits of a transaction whose rest has not come yet: they are applied together with it. */
  #held: readonly StoredCommit[] = [];
  #unverified = false;
  #verification: Promise<void> | undefined;

  constructor(scope: RunScope, listener: RunListener) {
    this.#scope = scope;
    this.#definition = scope.definition;
    this.#store = scope.store;
    this.#listener = listener;
    this.#watch = new RunWatch(listener);
    this.#pace = new ReplayPace(scope.limits);
    this.#retries = new Retries({
      definition: scope.definition,
      signal: this.#abort.signal,
      onDelay: (error) => listener.on({ kind: 'delayed', error }),
      onGiveUp: (fault, attempts) => this.#giveUp(fault, attempts),
    });
  }

  /** Those of the lane; undefined where it is the only one. */
  get #slots(): readonly number[] | undefined {
    return slotsToRead({ lane: this.#scope.lane, lanes: this.#definition.lanes });
  }

  /** Makes {@link work} end after the transaction in progress. */
  stop(): void {
    this.#abort.abort();
  }

  /** Like {@link stop}; the transaction in progress is rolled back when what it hangs in returns. */
  abandon(): void {
    this.#abort.abort();
    this.#watch.abandon();
  }

  /**
   * Resolves when stopped.
   *
   * @throws {@link ProjectionFailedError}, {@link ProjectionDivergedError} or {@link Fenced} when it cannot
   * continue.
   */
  async work(): Promise<void> {
    try {
      const checkpoint = await this.#retries.run(async () => this.#watched(() => claimLane(this.#scope)));
      this.#checkpoint = checkpoint;
      const lastSequence = await this.#verify(checkpoint);
      this.#listener.on({ kind: 'began', checkpoint, lastSequence: await this.#readable(lastSequence) });
      await this.#follow(checkpoint);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#fault = this.#asFault(error);
    } finally {
      // also ends a verification in progress
      this.#abort.abort();
      await this.#verification;
      this.#watch.stop();
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Up to which sequence the replay has everything when it has caught up: a mirror may lack the last ones. */
  async #readable(lastSequence: number): Promise<number> {
    const { readFrom } = this.#definition;
    if (readFrom === undefined) return lastSequence;
    const { signal } = this.#abort;
    const lag = await this.#retries.run(async () => this.#store.replicaLag(readFrom, { signal }));
    return lag === 0 ? lastSequence : 0;
  }

  async #watched<T>(claim: () => Promise<T>): Promise<T> {
    this.#watch.begin(() => 'setUp, clear or the claim of its checkpoint');
    try {
      return await claim();
    } finally {
      this.#watch.end();
    }
  }

  async #follow({ position, start }: Checkpoint): Promise<void> {
    let from: ReadAllStart | undefined = position === undefined ? start : { after: position };
    while (!this.#abort.signal.aborted) {
      try {
        return await this.#followFrom(from);
      } catch (error) {
        from = await this.#startAfter(error);
      }
    }
  }

  /** Where to go on after a message that holds no sound commit. Any other error is thrown as it is. */
  async #startAfter(error: unknown): Promise<ReadAllStart> {
    const { onCorrupt } = this.#definition;
    const isCorrupt = hasJetsourceBrand(error) && error.code === 'corrupt-stream';
    if (!isCorrupt || onCorrupt === undefined || this.#abort.signal.aborted) throw error;
    const corrupt = error as CorruptStreamError;
    await onCorrupt(corrupt);
    return { sequence: parsePosition(corrupt.position).sequence + 1 };
  }

  async #followFrom(from: ReadAllStart | undefined): Promise<void> {
    const { signal } = this.#abort;
    const { categories, readFrom } = this.#definition;
    const batches = this.#store.follow({
      from,
      categories,
      slots: this.#slots,
      readFrom,
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
    const commits = [...this.#held, ...batch.commits.filter((commit) => this.#isNew(commit))];
    const whole = wholeTransactions(commits);
    this.#held = commits.slice(whole);
    await this.#applyAll(commits.slice(0, whole));
    if (this.#held.length > 0 && batch.caughtUp) await this.#applyHeld();
    const caughtUp = batch.caughtUp && this.#held.length === 0;
    if (caughtUp) await this.#markCaughtUp();
    this.#listener.on({ kind: 'batch-done', caughtUp, pending: batch.pending + this.#held.length });
  }

  /** The replay has come to the end of the log, and the rest of a transaction may be none of its business. */
  async #applyHeld(): Promise<void> {
    const { categories } = this.#definition;
    const { signal } = this.#abort;
    const search = { store: this.#store, categories, slots: this.#slots, signal };
    if (await this.#retries.run(() => restIsToCome(this.#held, search))) return;
    const held = this.#held;
    this.#held = [];
    await this.#applyAll(held);
  }

  async #applyAll(commits: readonly StoredCommit[]): Promise<void> {
    let left = commits;
    while (left.length > 0) left = left.slice(await this.#applyLeading(left));
  }

  #isNew(commit: StoredCommit): boolean {
    const position = this.#checkpoint?.position;
    const last = positionOf(commit.sequence, commit.events.length - 1);
    return position === undefined || comparePositions(last, position) > 0;
  }

  /**
   * Applies all the commits, or only those before the one that fails, so that a projection stops right before
   * it, or before the transaction that it is part of.
   *
   * @returns How many were applied.
   */
  async #applyLeading(commits: readonly StoredCommit[]): Promise<number> {
    let leading = this.#atOnce(commits);
    const checkpoint = await this.#retries.run(async () => {
      for (;;) {
        try {
          return await this.#commit(leading);
        } catch (error) {
          if (!(error instanceof HandlerFault)) throw error;
          const fewer = this.#withoutFault(error, leading);
          const isNarrowed = error.events !== undefined && fewer.length < leading.length;
          leading = fewer;
          // what concerns no single event is looked for in ever fewer commits, which counts as one attempt
          if (!isNarrowed) throw error;
        }
      }
    });
    this.#checkpoint = checkpoint;
    this.#forgetGivenUp(checkpoint);
    this.#listener.on({ kind: 'applied', checkpoint, commits: leading });
    if (!checkpoint.caughtUp) await this.#pace.passed(eventsIn(leading), this.#abort.signal);
    return leading.length;
  }

  /** What a rebuild may apply in one transaction; a transaction of the log is not cut for that. */
  #atOnce(commits: readonly StoredCommit[]): readonly StoredCommit[] {
    const { batch } = this.#scope.limits;
    if (batch === undefined || this.#checkpoint?.caughtUp === true || commits.length <= batch) return commits;
    const whole = wholeTransactions(commits, batch);
    return commits.slice(0, whole > 0 ? whole : firstTransaction(commits));
  }

  /** The leading commits before the one that failed; fewer of them, where that is not known. */
  #withoutFault(fault: HandlerFault, commits: readonly StoredCommit[]): readonly StoredCommit[] {
    if (fault.events === undefined) {
      const before = wholeTransactions(commits, fault.commitsBefore);
      return before > 0 ? commits.slice(0, before) : commits;
    }
    if (this.#definition.store.isTransient?.(fault.cause) === true) return commits;
    const half = wholeTransactions(commits, Math.floor(commits.length / 2));
    return commits.slice(0, half > 0 ? half : firstTransaction(commits));
  }

  #forgetGivenUp({ position }: Checkpoint): void {
    if (this.#givenUp.size === 0 || position === undefined) return;
    for (const [eventId, at] of this.#givenUp) {
      if (comparePositions(at.reference.position, position) <= 0) this.#givenUp.delete(eventId);
    }
  }

  async #commit(commits: readonly StoredCommit[]): Promise<Checkpoint> {
    const { registry } = this.#store;
    const checkpoint = this.#checkpoint as Checkpoint;
    return applyCommits({
      definition: this.#definition,
      registry,
      checkpoint,
      commits,
      isReplay: !checkpoint.caughtUp || !this.#scope.isServing(),
      givenUp: this.#givenUp,
      watch: this.#watch,
    });
  }

  #recovered(): void {
    this.#unverified = true;
    this.#listener.on({ kind: 'interrupted' });
    this.#verification ??= this.#verifyAgain();
  }

  /** The first time only: from then on, readers may see the model. */
  async #markCaughtUp(): Promise<void> {
    const checkpoint = this.#checkpoint as Checkpoint;
    if (checkpoint.caughtUp) return;
    const { store } = this.#definition;
    const marked = await this.#retries.run(() => markCaughtUp(checkpoint, store));
    this.#checkpoint = marked.checkpoint;
    this.#listener.on({ kind: 'caught-up', isServed: marked.isServed });
  }

  #giveUp({ event, events = [], cause }: HandlerFault, attempts: number): boolean {
    const { then } = this.#definition.failure;
    const failing = event === undefined ? events : [event];
    if (failing.length === 0 || then === 'stop') return false;
    for (const each of failing) this.#giveUpEvent(each, { cause, attempts, isParked: then === 'park' });
    return true;
  }

  #giveUpEvent(
    { id: eventId, position, type, stream }: RecordedEvent,
    { cause, attempts, isParked }: { cause: unknown; attempts: number; isParked: boolean },
  ): void {
    const error = cause instanceof Error ? (cause.stack ?? describeThrown(cause)) : describeThrown(cause);
    const parked = {
      position,
      eventId,
      type,
      stream: stream.toString(),
      error,
      attempts,
      parkedAt: new Date(),
    };
    this.#givenUp.set(eventId, { reference: parked, isParked });
  }

  /** The server may have come back with an older log. Without new commits, nothing else would show that. */
  async #verifyAgain(): Promise<void> {
    try {
      while (this.#unverified) {
        this.#unverified = false;
        await this.#verify(this.#read);
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#fault = this.#asFault(error);
      this.#abort.abort();
    } finally {
      this.#verification = undefined;
    }
  }

  /** The checkpoint, moved after the commits that are held: the log may have lost them. */
  get #read(): Checkpoint {
    const checkpoint = this.#checkpoint as Checkpoint;
    return this.#held.length === 0 ? checkpoint : checkpointAfter({ checkpoint, commits: this.#held });
  }

  /** It only reads, so a stop does not wait for a log that does not answer. */
  async #verify(checkpoint: Checkpoint): Promise<number> {
    return this.#retries.run(() =>
      abortable(verifyCheckpoint(checkpoint, this.#store), [this.#abort.signal]),
    );
  }

  #asFault(error: unknown): Error {
    if (error instanceof Fenced) return error;
    if (hasJetsourceBrand(error)) {
      const { code } = error;
      if (code === 'projection-failed' || code === 'projection-diverged') return error;
      // another one took its place
      if (code === 'model-not-found') return new Fenced();
      // the log has lost its end since it was verified
      if (code === 'start-not-in-log') return this.#diverged(error);
    }
    return this.#failure(describeThrown(error), error);
  }

  #diverged(cause: Error): ProjectionDivergedError {
    const { name, version } = this.#definition;
    return new ProjectionDivergedError({ projection: name, version, reason: cause.message }, { cause });
  }

  #failure(reason: string, cause?: unknown): ProjectionFailedError {
    const { name, version } = this.#definition;
    return new ProjectionFailedError({ projection: name, version, reason }, { cause });
  }
}

function eventsIn(commits: readonly StoredCommit[]): number {
  return commits.reduce((sum, { events }) => sum + events.length, 0);
}
