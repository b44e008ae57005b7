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
import type { Snapshots } from './snapshots.js';
import { commitRefOf, NO_COMMIT, type CommitRef } from '../state/commit-ref.js';

/** What aggregates are loaded from. */
export interface LoaderParts<S> {
  readonly store: EventStore;
  readonly model: AggregateModel<S>;
  readonly cache: AggregateCache<S> | undefined;
  readonly snapshots: Snapshots<S> | undefined;
}

/**
 * Folds aggregates: from the cache, from a snapshot and the events behind it, or from all events. What a fold begins with is believed only if the
 * stream holds the very commit that it ended in: a log that lost its end gives the same versions again.
 */
export class AggregateLoader<S> {
  readonly #parts: LoaderParts<S>;

  constructor(parts: LoaderParts<S>) {
    this.#parts = parts;
  }

  /** For a decision: as it is in the cache, else as any replica knows it. It is the caller's until {@link giveBack}; not giving it back drops it. */
  async take(target: AggregateId, signal?: AbortSignal): Promise<FoldedState<S>> {
    return this.#parts.cache?.take(target.stream) ?? this.load(target, 'follower', signal);
  }

  /** A state that nobody else has, up to date as far as the consistency goes. */
  async load(target: AggregateId, consistency: Consistency, signal?: AbortSignal): Promise<FoldedState<S>> {
    const snapshot = await this.#parts.snapshots?.load(target, signal);
    const folded = snapshot && (await this.#foldOn(target, snapshot, consistency, signal));
    if (folded !== undefined) return folded;
    if (snapshot === undefined) return this.#foldAll(target, consistency, signal);
    // a replica may lag behind the snapshot: only the leader can say that it is not of this history
    const atLeader = await this.#foldOn(target, snapshot, 'leader', signal);
    if (atLeader !== undefined) return atLeader;
    this.#parts.snapshots?.discard(target, 'the log does not hold the commit that it ends in');
    return this.#foldAll(target, 'leader', signal);
  }

  /** The state as the leader knows it, for a new decision. @param stale What was decided on before; no use if deciding has changed it. */
  async refresh(target: AggregateId, stale: FoldedState<S>, signal?: AbortSignal): Promise<FoldedState<S>> {
    const isIntact = !this.#parts.model.changesInPlace;
    const folded = isIntact ? await this.#foldOn(target, stale, 'leader', signal) : undefined;
    return folded ?? this.load(target, 'leader', signal);
  }

  /** The state for a reader: begins with the cache where nobody changes what is in it. */
  async read(target: AggregateId, signal?: AbortSignal): Promise<FoldedState<S>> {
    const cached = this.#parts.model.changesInPlace ? undefined : this.#parts.cache?.peek(target.stream);
    const folded = cached && (await this.#foldOn(target, cached, 'follower', signal));
    return folded ?? this.load(target, 'follower', signal);
  }

  /** Whether the leader knows another end of the stream than the one a state was folded to: then its version, 0 for a stream that is not there. */
  async movedTo(target: AggregateId, end: CommitRef, signal?: AbortSignal): Promise<Version | undefined> {
    const { commits, version } = await this.#tailFrom(target, end, 'leader', signal);
    const last = commits.at(-1)?.commitId ?? NO_COMMIT.commitId;
    return last === end.commitId ? undefined : version;
  }

  /** Takes a state back that a decision has left as it was. */
  giveBack(target: AggregateId, folded: FoldedState<S>): void {
    this.#parts.cache?.put(target.stream, folded);
  }

  /** Takes a state back whose events were stored in that commit. */
  committed(
    target: AggregateId,
    { state, commandIds, snapshotVersion }: FoldedState<S>,
    commit: StoredCommit,
  ): void {
    const { model, snapshots, store } = this.#parts;
    commandIds.add(commit);
    const folded = {
      state: model.afterCommit(state, domainEvents(commit, store.registry)),
      end: commitRefOf(commit),
      commandIds,
      snapshotVersion,
    };
    this.giveBack(target, snapshots?.offer(target, folded) ?? folded);
  }

  /** Forgets what is in the cache of a stream. */
  evict(target: AggregateId): void {
    this.#parts.cache?.delete(target.stream);
  }

  async #foldAll(
    target: AggregateId,
    consistency: Consistency,
    signal?: AbortSignal,
  ): Promise<FoldedState<S>> {
    const { commits } = await this.#parts.store.readCommits(target.stream, { consistency, signal });
    const { model } = this.#parts;
    const nothing = {
      state: model.initial(target.id),
      end: NO_COMMIT,
      commandIds: new CommandIds(),
      snapshotVersion: 0,
    };
    return this.#fold(target, nothing, commits);
  }

  /** Undefined when the stream does not hold the commit that the state ends in. */
  async #foldOn(
    target: AggregateId,
    base: FoldedState<S>,
    consistency: Consistency,
    signal?: AbortSignal,
  ): Promise<FoldedState<S> | undefined> {
    const { commits } = await this.#tailFrom(target, base.end, consistency, signal);
    if (base.end.version === 0) return this.#fold(target, base, commits);
    const [own, ...behind] = commits;
    return own?.commitId === base.end.commitId ? this.#fold(target, base, behind) : undefined;
  }

  /** The commits from the one on that a state ends in: with those behind it, it costs no round trip. */
  async #tailFrom(
    target: AggregateId,
    end: CommitRef,
    consistency: Consistency,
    signal?: AbortSignal,
  ): Promise<StreamCommits> {
    const after = asVersion(Math.max(0, end.version - 1));
    return this.#parts.store.readCommits(target.stream, { after, consistency, signal });
  }

  #fold(target: AggregateId, base: FoldedState<S>, commits: readonly StoredCommit[]): FoldedState<S> {
    const last = commits.at(-1);
    if (last === undefined) return base;
    const { model, snapshots, store } = this.#parts;
    const startedAt = performance.now();
    // also where others hold the state before: that a command was handled stays true
    for (const commit of commits) base.commandIds.add(commit);
    const events = commits.flatMap((commit) => domainEvents(commit, store.registry));
    const folded = { ...base, state: model.fold(base.state, events), end: commitRefOf(last) };
    return snapshots?.offer(target, folded, performance.now() - startedAt) ?? folded;
  }
}

function domainEvents(commit: StoredCommit, registry: EventRegistry): object[] {
  return recordedEvents(commit, registry).map((event) => registry.domainEventOf(event));
}
