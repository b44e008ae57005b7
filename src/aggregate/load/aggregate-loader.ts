import { performance } from 'node:perf_hooks';
import type { StoredCommit } from '../../event/commit.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { recordedEvents } from '../../event/recorded-event.js';
import { asVersion, type Version } from '../../event/version.js';
import type { Consistency } from '../../event-store/read/read-options.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { StreamCommits } from '../../event-store/read/stream-status.js';
import type { AggregateCache } from './aggregate-cache.js';
import type { AggregateId } from '../model/aggregate-id.js';
import type { AggregateModel } from '../model/aggregate-model.js';
import { CommandIds } from '../state/command-ids.js';
import type { FoldedState } from '../state/folded-state.js';
import type { Snapshots } from '../snapshot/snapshots.js';
import { commitRefOf, NO_COMMIT, type CommitRef } from '../state/commit-ref.js';

/** What aggregates are loaded from. */
export interface LoaderParts<S> {
  readonly store: EventStore;
  readonly model: AggregateModel<S>;
  readonly cache: AggregateCache<S> | undefined;
  readonly snapshots: Snapshots<S> | undefined;
  /** Told of instances that are used no more. */
  readonly onWarning: (warning: string) => void;
}

/** From which replica to read, and until when. */
export interface LoadOptions {
  readonly consistency: Consistency;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Folds aggregates: from the cache, from a snapshot and the events after it, or from all events.
 *
 * A cached or snapshotted state is used only if the stream still holds the commit it was folded up to: after
 * data loss another commit can have the same version.
 */
export class AggregateLoader<S> {
  readonly #parts: LoaderParts<S>;

  constructor(parts: LoaderParts<S>) {
    this.#parts = parts;
    parts.store.onPossibleLoss(() => parts.cache?.clear());
  }

  /**
   * The state for a decision: from the cache, else as each replica may know it. A cached state is the caller's
   * until {@link giveBack}; one that is not given back is dropped.
   */
  async take(target: AggregateId, signal?: AbortSignal): Promise<FoldedState<S>> {
    return this.#takeCached(target) ?? this.load(target, { consistency: 'follower', signal });
  }

  /** The same as the leader knows it. */
  async takeCurrent(target: AggregateId, signal?: AbortSignal): Promise<FoldedState<S>> {
    const options = { consistency: 'leader', signal } as const;
    const cached = this.#takeCached(target);
    const folded = cached && (await this.#foldOn(target, cached, options));
    return folded ?? this.load(target, options);
  }

  /** A state that nobody else has, from a snapshot or from all events. */
  async load(target: AggregateId, options: LoadOptions): Promise<FoldedState<S>> {
    const { signal } = options;
    const snapshot = await this.#parts.snapshots?.load(target, signal);
    const folded = snapshot && (await this.#foldOn(target, snapshot, options));
    if (folded !== undefined) return folded;
    if (snapshot === undefined) return this.#foldAll(target, options);
    // a replica may lag and not have the snapshot's commit yet: only the leader can confirm that the log has
    // lost it
    const atLeader = await this.#foldOn(target, snapshot, { consistency: 'leader', signal });
    if (atLeader !== undefined) return atLeader;
    this.#parts.snapshots?.discard(target, 'the log does not hold the commit that it ends in');
    return this.#foldAll(target, { consistency: 'leader', signal });
  }

  /**
   * The state as the leader knows it, for another attempt.
   *
   * @param stale The state of the attempt before. Folding starts from it, unless deciding may have changed
   * it.
   */
  async refresh(target: AggregateId, stale: FoldedState<S>, signal?: AbortSignal): Promise<FoldedState<S>> {
    const options = { consistency: 'leader', signal } as const;
    const folded = this.#parts.model.changesInPlace ? undefined : await this.#foldOn(target, stale, options);
    return folded ?? this.load(target, options);
  }

  /**
   * The state for a reader. A decider's states are immutable, so it may start from the cache; instances are
   * folded.
   */
  async read(target: AggregateId, signal?: AbortSignal): Promise<FoldedState<S>> {
    const options = { consistency: 'follower', signal } as const;
    const cached = this.#parts.model.changesInPlace ? undefined : this.#parts.cache?.peek(target.stream);
    const folded = cached && (await this.#foldOn(target, cached, options));
    return folded ?? this.load(target, options);
  }

  /**
   * Whether the stream ends elsewhere than in that commit, as the leader knows: then its version, 0 for a
   * stream that does not exist.
   */
  async movedTo(
    target: AggregateId,
    lastCommit: CommitRef,
    signal?: AbortSignal,
  ): Promise<Version | undefined> {
    const { commits, version } = await this.#commitsFrom(target, lastCommit, {
      consistency: 'leader',
      signal,
    });
    const last = commits.at(-1)?.commitId ?? NO_COMMIT.commitId;
    return last === lastCommit.commitId ? undefined : version;
  }

  /** Puts a state that a decision has left as it was into the cache. */
  giveBack(target: AggregateId, folded: FoldedState<S>): void {
    if (this.#isClean(target, folded, 0)) this.#parts.cache?.put(target.stream, folded);
  }

  /** Puts a state whose events were stored in that commit into the cache. */
  committed(target: AggregateId, decided: FoldedState<S>, commit: StoredCommit): void {
    if (!this.#isClean(target, decided, commit.events.length)) return;
    const { state, commandIds, snapshotVersion } = decided;
    const { model, snapshots, store } = this.#parts;
    commandIds.add(commit);
    const folded = {
      state: model.afterCommit(state, domainEvents(commit, store.registry)),
      lastCommit: commitRefOf(commit),
      commandIds,
      snapshotVersion,
    };
    this.giveBack(target, snapshots?.offer(target, folded) ?? folded);
  }

  /** Removes a stream's aggregate from the cache. */
  evict(target: AggregateId): void {
    this.#parts.cache?.delete(target.stream);
  }

  #takeCached(target: AggregateId): FoldedState<S> | undefined {
    const cached = this.#parts.cache?.take(target.stream);
    // code that a decision did not wait for may have changed it while it was in the cache
    return cached !== undefined && this.#isClean(target, cached, 0) ? cached : undefined;
  }

  /** Whether a state holds the events that were decided on it and no others; it is dropped otherwise. */
  #isClean({ stream }: AggregateId, { state }: FoldedState<S>, decided: number): boolean {
    const { model, onWarning } = this.#parts;
    if (model.leftovers(state, decided) === 0) return true;
    onWarning(
      `${model.name}: the cached instance of ${stream.toString()} is dropped: it was changed after its decision ` +
        'had returned; an await is missing in the decision',
    );
    return false;
  }

  async #foldAll(target: AggregateId, options: LoadOptions): Promise<FoldedState<S>> {
    const { commits } = await this.#parts.store.readCommits(target.stream, options);
    const initial = {
      state: this.#parts.model.initial(target.id),
      lastCommit: NO_COMMIT,
      commandIds: new CommandIds(),
      snapshotVersion: 0,
    };
    return this.#fold(target, initial, commits);
  }

  /** Undefined when the stream does not hold the commit that the state was folded up to. */
  async #foldOn(
    target: AggregateId,
    base: FoldedState<S>,
    options: LoadOptions,
  ): Promise<FoldedState<S> | undefined> {
    const { lastCommit } = base;
    const { commits } = await this.#commitsFrom(target, lastCommit, options);
    if (lastCommit.version === 0) return this.#fold(target, base, commits);
    const [own, ...later] = commits;
    return own?.commitId === lastCommit.commitId ? this.#fold(target, base, later) : undefined;
  }

  /** A commit and those after it: reading it together with them costs no further round trip. */
  async #commitsFrom(
    { stream }: AggregateId,
    { version }: CommitRef,
    options: LoadOptions,
  ): Promise<StreamCommits> {
    return this.#parts.store.readCommits(stream, { ...options, after: asVersion(Math.max(0, version - 1)) });
  }

  #fold(target: AggregateId, base: FoldedState<S>, commits: readonly StoredCommit[]): FoldedState<S> {
    const last = commits.at(-1);
    if (last === undefined) return base;
    const { model, snapshots, store } = this.#parts;
    const startedAt = performance.now();
    // also where others share the command ids of the base: that a command was handled stays true
    for (const commit of commits) base.commandIds.add(commit);
    const events = commits.flatMap((commit) => domainEvents(commit, store.registry));
    const folded = { ...base, state: model.fold(base.state, events), lastCommit: commitRefOf(last) };
    return snapshots?.offer(target, folded, performance.now() - startedAt) ?? folded;
  }
}

function domainEvents(commit: StoredCommit, registry: EventRegistry): object[] {
  return recordedEvents(commit, registry).map((event) => registry.domainEventOf(event));
}
