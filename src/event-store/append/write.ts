import type { StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import { BATCH_HEADERS_BYTES } from '../../log/message-size.js';
import { Backoff } from '../../kernel/backoff.js';
import { sleep } from '../../kernel/sleep.js';
import type { MessageLog, OutgoingMessage, PublishAnswer } from '../../log/message-log.js';
import type { StreamReader } from '../read/stream-reader.js';
import type { StreamTurns } from '../turns/stream-turns.js';
import { WriterTurns } from '../turns/writer-turns.js';
import { CommandIdReusedError, CommitRemovedError, type TransactionViolation } from './append-errors.js';
import { toAppendResult, unchanged } from './append-result.js';
import type { CheckMessages } from './check-messages.js';
import type { CommandLookup } from './command-lookup.js';
import { checkSize, toCommitMessage } from './commit-message.js';
import { findStored, type SoughtWrite } from './settlement.js';
import type { StreamEnd } from './stream-end.js';
import type { StreamEnds } from './stream-ends.js';
import type { TransactionResult } from './transact-options.js';
import { isCarried } from './transact-request.js';
import { wholeTransaction } from './whole-transaction.js';
import { conflict, gaveUp, notSent, outcomeUnknown, refused } from './write-failure.js';
import {
  haveSameGuards,
  movedSince,
  type Placed,
  planOf,
  violationsOf,
  type WritePlan,
} from './write-plan.js';
import type { StreamCheck, StreamWrite, WriteRequest } from './write-request.js';

/** What all writes share. */
export interface WriteParts {
  readonly store: string;
  readonly log: MessageLog;
  readonly reader: StreamReader;
  readonly ends: StreamEnds;
  readonly lookup: CommandLookup;
  readonly checks: CheckMessages;
  readonly turns: StreamTurns;
}

/**
 * Number of looks for commits that the log reports as stored: a new leader may need a moment to show them.
 */
const LOOKS = 4;
const LOOK_MS = { first: 2, max: 200 };

/** Where ends are read: from the cache if it fits the expectation, or from the leader. */
type EndSource = 'known' | 'leader';

/** Processes one request: find the ends, look the command up, check them, publish, settle. */
export class Write {
  readonly #parts: WriteParts;
  readonly #request: WriteRequest;
  /** Streams that others may write without a conflict for the caller. */
  readonly #shared: readonly string[];
  readonly #turns: WriterTurns;
  /** The plan of the previous try. Its sends may still arrive. */
  #previous: WritePlan | undefined;
  /** The epoch of the log before the ends of the plan at hand were looked up. */
  #epoch = 0;
  /** Whether a send was given up without an answer. */
  #sentInVain = false;

  constructor(parts: WriteParts, request: WriteRequest) {
    this.#parts = parts;
    // now, before anything is waited for: what the caller expects is what was known when it called
    this.#request = {
      ...request,
      writes: request.writes.map((write) => parts.ends.requiringSeen(write)),
      checks: request.checks.map((check) => parts.ends.requiringSeen(check)),
    };
    this.#turns = new WriterTurns(parts.turns, request.deadline);
    this.#shared = request.writes.flatMap(({ expect, stream }) =>
      typeof expect === 'number' ? [] : [stream.toString()],
    );
  }

  async run(): Promise<TransactionResult> {
    try {
      for (let source: EndSource = 'known'; ; source = 'leader') {
        // where others have written, the cached end is hardly the last one
        if (await this.#waitedForTurn()) source = 'leader';
        this.#epoch = this.#parts.log.epoch;
        const plan = this.#knownPlan(source) ?? (await this.#plan(source));
        if (this.#previous !== undefined && (await this.#waitedAfterConflict(this.#previous, plan))) continue;
        // a command that was handled is reported before its expectation is judged
        const earlier = plan.commits.flatMap((placed) => placed.earlier ?? []);
        if (earlier.length > 0) return await this.#settled(earlier);
        const violations = violationsOf(plan);
        // a refusal lists the versions that the leader reports for every entry
        if (violations.length > 0 && source === 'known' && this.#entryCount > 1) continue;
        if (violations.length > 0) return await this.#refuse(violations);
        const result = await this.#try(plan);
        if (result !== undefined) return result;
        this.#turns.end(false);
        if (this.#request.deadline.passed) throw this.#gaveUp();
      }
    } finally {
      this.#turns.end(false);
    }
  }

  /** @returns whether others are likely to have written while this waited. */
  #waitedForTurn(): boolean | Promise<boolean> {
    return this.#turns.isToWait(this.#shared) && this.#turns.begin(this.#shared);
  }

  /** A conflict does not say on which stream it was: the ends tell. */
  #waitedAfterConflict(previous: WritePlan, plan: WritePlan): boolean | Promise<boolean> {
    this.#turns.lost(movedSince(previous, plan));
    return this.#waitedForTurn();
  }

  get #entryCount(): number {
    return this.#request.writes.length + this.#request.checks.length;
  }

  /** Whether the stream is searched for the id of a command, up to the end that the commit is put after. */
  #isToBeLookedUp({ expect, lookedUpTo }: StreamWrite): boolean {
    // a guard on the version that the caller has searched up to (0 for a new stream) conflicts if the id is
    // there
    return this.#request.idIsShared && expect !== lookedUpTo;
  }

  /** The cached end, if the command is known to be new up to there. */
  #knownEnd(write: StreamWrite): StreamEnd | undefined {
    const end = this.#parts.ends.known(write);
    if (end === undefined || !this.#isToBeLookedUp(write)) return end;
    return this.#parts.lookup.isNew(write, end) ? end : undefined;
  }

  /** The plan, if all ends are cached: then an append costs one round trip. */
  #knownPlan(source: EndSource): WritePlan | undefined {
    const { writes, checks } = this.#request;
    if (source === 'leader' || checks.length > 0) return undefined;
    const placed = writes.map((write) => ({ write, end: this.#knownEnd(write) }));
    if (!placed.every((each): each is typeof each & { end: StreamEnd } => each.end !== undefined))
      return undefined;
    return planOf(this.#request, placed, []);
  }

  async #plan(source: EndSource): Promise<WritePlan> {
    const { writes, checks } = this.#request;
    const [placedWrites, placedChecks] = await Promise.all([
      Promise.all(writes.map(async (write) => this.#placeWrite(write, source))),
      // without an expectation no guard would correct a cached end
      Promise.all(
        checks.map(async (check) => this.#place(check, check.expect === 'any' ? 'leader' : source)),
      ),
    ]);
    return planOf(this.#request, placedWrites, placedChecks);
  }

  async #placeWrite(write: StreamWrite, source: EndSource): Promise<Placed<StreamWrite>> {
    if (!this.#isToBeLookedUp(write)) return this.#place(write, source);
    const known = source === 'known' ? this.#knownEnd(write) : undefined;
    if (known !== undefined) return { write, end: known };
    const { deadline } = this.#request;
    const { commit, end } = await this.#atLeader(async () => this.#parts.lookup.find({ ...write, deadline }));
    return { write, end, earlier: commit };
  }

  async #place<T extends StreamCheck>(write: T, source: EndSource): Promise<Placed<T>> {
    const { ends } = this.#parts;
    const { deadline } = this.#request;
    const known = source === 'known' ? ends.known(write) : undefined;
    return { write, end: known ?? (await this.#atLeader(async () => ends.atLeader(write.stream, deadline))) };
  }

  /**
   * @throws {@link AppendOutcomeUnknownError} when the leader does not answer, and a send was not answered
   *   before.
   */
  async #atLeader<T>(look: () => Promise<T>): Promise<T> {
    try {
      return await look();
    } catch (error) {
      if (isOfStored(error)) throw error;
      if (this.#sentInVain) throw outcomeUnknown(this.#request, error);
      const hadConflict = this.#previous !== undefined;
      throw hadConflict && this.#request.deadline.passed ? gaveUp(this.#request) : error;
    }
  }

  #gaveUp(): unknown {
    return this.#sentInVain ? outcomeUnknown(this.#request) : gaveUp(this.#request);
  }

  /** The conflicting commit may be the same command, stored by another process since the look-up. */
  async #refuse(violations: readonly TransactionViolation[]): Promise<TransactionResult> {
    const earlier = this.#request.idIsShared ? await this.#findEarlier() : undefined;
    if (earlier === undefined) throw conflict(this.#request, violations);
    return earlier;
  }

  /** Undefined when another writer was first in one of the streams. */
  async #try(plan: WritePlan): Promise<TransactionResult | undefined> {
    const checks = this.#checkMessages(plan);
    const answer = await this.#publish([...checks, ...this.#commitMessages(plan, checks.length)]);
    if (answer.kind === 'stored') return this.#stored(plan, checks.length, answer.sequence);
    // the log may have lost the commits that this plan follows: plan again
    if (answer.kind === 'stale' && !answer.sent) return undefined;
    const settled = await this.#settle(answer, plan);
    this.#previous = plan;
    return settled;
  }

  async #publish(messages: readonly OutgoingMessage[]): Promise<PublishAnswer> {
    const { log } = this.#parts;
    const { deadline } = this.#request;
    const [first] = messages;
    return first !== undefined && messages.length === 1
      ? log.publish(first, deadline, this.#epoch)
      : log.publishBatch(messages, deadline, this.#epoch);
  }

  #commitMessages({ commits }: WritePlan, checks: number): OutgoingMessage[] {
    const { store, log } = this.#parts;
    const isBatch = commits.length + checks > 1;
    const limit = isBatch ? log.maxPayload - BATCH_HEADERS_BYTES : log.maxPayload;
    return commits.map(({ commit, end }) => {
      const message = toCommitMessage(store, commit, end.sequence);
      checkSize(message, commit, limit);
      return message;
    });
  }

  #checkMessages({ checks }: WritePlan): OutgoingMessage[] {
    const guarded = checks.filter(({ write }) => isCarried(write));
    return guarded.map(({ write: { index, stream }, end }) =>
      this.#parts.checks.make({ transaction: this.#request.id, index, stream, guard: end.sequence }),
    );
  }

  /** The commits of a batch have consecutive sequences, right after those of the checks. */
  #stored(
    plan: WritePlan,
    checks: number,
    lastSequence: number,
  ): TransactionResult | Promise<TransactionResult> {
    const first = lastSequence - plan.commits.length + 1;
    const stored = plan.commits.map(({ commit }, at) => ({ ...commit, sequence: first + at }));
    for (const commit of stored) this.#parts.ends.stored(commit, this.#epoch);
    this.#turns.end(true);
    if (plan.checks.length > 0) {
      this.#discardChecks(first, checks);
      return this.#resultOf(stored, plan);
    }
    return { committed: true, entries: stored.map((commit) => toAppendResult(commit, true)) };
  }

  #discardChecks(firstCommit: number, checks: number): void {
    this.#parts.checks.discard(Array.from({ length: checks }, (_, at) => firstCommit - checks + at));
  }

  /**
   * The commits of this request in the log, stored by any caller; undefined when there are none and it can be
   * tried again.
   */
  async #settle(
    answer: Exclude<PublishAnswer, { kind: 'stored' }>,
    plan: WritePlan,
  ): Promise<TransactionResult | undefined> {
    const sentBefore = this.#previous !== undefined && haveSameGuards(this.#previous, plan);
    if (answer.kind === 'unanswered') throw this.#unanswered(answer, sentBefore);
    if (answer.kind === 'stale') this.#sentInVain = true;
    const resent = sentBefore || answer.kind === 'stale' || (answer.kind !== 'duplicate' && answer.resent);
    if (answer.kind === 'refused') throw refused(this.#request, answer.reason, resent);
    // nothing of this call is in the way; the same command of another one is found with the end at the leader
    if (answer.kind === 'conflict' && !resent) return undefined;
    const found = await this.#find(plan, answer.kind === 'duplicate');
    if (found.length > 0) return this.#settled(found);
    if (answer.kind === 'conflict' || answer.kind === 'stale') return undefined;
    const [{ commit }] = plan.commits as [WritePlan['commits'][number]];
    throw new CommitRemovedError({ stream: commit.stream.toString(), commitId: commit.commitId });
  }

  #unanswered({ sure, cause }: PublishAnswer & { kind: 'unanswered' }, sentBefore: boolean): unknown {
    if (sure && !sentBefore)
      return this.#previous === undefined ? notSent(this.#request, this.#parts.store) : this.#gaveUp();
    return outcomeUnknown(this.#request, this.#request.deadline.signal?.reason ?? cause);
  }

  /** @throws {@link AppendOutcomeUnknownError} when the leader does not answer. */
  async #find({ commits }: WritePlan, isKnown: boolean): Promise<StoredCommit[]> {
    const sought = commits.map(({ write, end }) => ({ write, guard: end.sequence }));
    try {
      return await this.#look(sought, {
        everywhere: isKnown || this.#request.idIsShared,
        looks: isKnown ? LOOKS : 1,
      });
    } catch (error) {
      if (error instanceof CorruptStreamError) throw error;
      throw outcomeUnknown(this.#request, error);
    }
  }

  /** The commits that were stored under the ids of this request, by any caller. */
  async #findEarlier(): Promise<TransactionResult | undefined> {
    const sought = this.#request.writes.map((write) => ({ write }));
    const found = await this.#look(sought, { everywhere: true, looks: 1 });
    return found.length === 0 ? undefined : this.#settled(found);
  }

  async #look(
    sought: readonly SoughtWrite[],
    { everywhere, looks }: { readonly everywhere: boolean; readonly looks: number },
  ): Promise<StoredCommit[]> {
    const { deadline } = this.#request;
    const backoff = new Backoff(LOOK_MS.first, LOOK_MS.max);
    for (let look = 1; ; look += 1) {
      const found = await findStored(this.#parts, sought, { everywhere, deadline });
      if (found.length > 0 || look >= looks) return found;
      await sleep(Math.min(backoff.next(), deadline.leftMs));
    }
  }

  /** @throws {@link AppendOutcomeUnknownError} when the rest of the transaction cannot be read. */
  async #settled(found: readonly StoredCommit[]): Promise<TransactionResult> {
    try {
      return await this.#report(found);
    } catch (error) {
      if (isOfStored(error)) throw error;
      throw outcomeUnknown(this.#request, error);
    }
  }

  /** The result of all that was stored together with the commits that were found. */
  async #report(found: readonly StoredCommit[]): Promise<TransactionResult> {
    const stored = await wholeTransaction(this.#parts.log, this.#request, found);
    const [first] = stored as [StoredCommit];
    const { attemptId, checks } = this.#request;
    if (first.attemptId === attemptId) this.#discardChecks(first.sequence, checks.filter(isCarried).length);
    for (const commit of stored) this.#parts.ends.offer(commit, this.#epoch);
    // the ends of a plan that was not stored may be assumed only: the leader tells
    return this.#resultOf(stored);
  }

  /** Entries that stored nothing report their ends: those of the plan, or those at the leader. */
  async #resultOf(stored: readonly StoredCommit[], plan?: WritePlan): Promise<TransactionResult> {
    const { attemptId, writes, checks } = this.#request;
    const known = new Map(plan?.checks.map(({ write: { index }, end }) => [index, end]));
    const entries = [...writes, ...checks].toSorted((a, b) => a.index - b.index);
    return {
      committed: stored.every((commit) => commit.attemptId === attemptId),
      entries: await Promise.all(
        entries.map(async ({ index, stream }) => {
          const commit = commitIn(stored, stream);
          if (commit !== undefined) return toAppendResult(commit, commit.attemptId === attemptId);
          const end = known.get(index) ?? (await this.#parts.ends.atLeader(stream, this.#request.deadline));
          return unchanged(stream, end.version);
        }),
      ),
    };
  }
}

/** Whether an error tells what is stored, rather than that it could not be read. */
function isOfStored(error: unknown): boolean {
  return (
    error instanceof CorruptStreamError ||
    error instanceof CommandIdReusedError ||
    error instanceof CommitRemovedError
  );
}

function commitIn(stored: readonly StoredCommit[], stream: StreamName): StoredCommit | undefined {
  return stored.find(
    (commit) => commit.stream.category === stream.category && commit.stream.id === stream.id,
  );
}
