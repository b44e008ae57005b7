import type { StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import { BATCH_HEADERS_BYTES } from '../../log/message-size.js';
import { Backoff } from '../../kernel/backoff.js';
import { ContentionWait } from '../../kernel/contention-wait.js';
import { sleep } from '../../kernel/sleep.js';
import type { MessageLog, OutgoingMessage, PublishAnswer } from '../../log/message-log.js';
import type { StreamReader } from '../read/stream-reader.js';
import { CommandIdReusedError, CommitRemovedError, type TransactionViolation } from './append-errors.js';
import { toAppendResult, unchanged } from './append-result.js';
import type { CheckMessages } from './check-messages.js';
import type { CommandLookup } from './command-lookup.js';
import { checkSize, toCommitMessage } from './commit-message.js';
import { findStored, type SoughtWrite } from './settlement.js';
import type { StreamEnd } from './stream-end.js';
import type { StreamEnds } from './stream-ends.js';
import type { StreamPacing } from './stream-pacing.js';
import type { TransactionResult } from './transact-options.js';
import { wholeTransaction } from './whole-transaction.js';
import { conflict, gaveUp, notSent, outcomeUnknown, refused } from './write-failure.js';
import { haveSameGuards, type Placed, planOf, violationsOf, type WritePlan } from './write-plan.js';
import type { StreamCheck, StreamWrite, WriteRequest } from './write-request.js';

/** What writes stand on. */
export interface WriteParts {
  readonly store: string;
  readonly log: MessageLog;
  readonly reader: StreamReader;
  readonly ends: StreamEnds;
  readonly lookup: CommandLookup;
  readonly checks: CheckMessages;
  readonly pacing: StreamPacing;
}

/** How often to look for what the log says it has: a leader that is new may need a moment to show it. */
const LOOKS = 4;
const LOOK_MS = { first: 2, max: 200 };

/** Where the ends of streams come from: the cache where it fits what is expected, or the leader for all. */
export type EndSource = 'known' | 'leader';

/** One request on its way: find the ends, look the command up, check what is expected, publish, settle. */
export class Write {
  readonly #parts: WriteParts;
  readonly #request: WriteRequest;
  readonly #wait = new ContentionWait();
  /** The plan of the try before, whose sends may still be on their way. */
  #previous: WritePlan | undefined;

  constructor(parts: WriteParts, request: WriteRequest) {
    this.#parts = parts;
    this.#request = request;
  }

  /** @param first Where the ends of streams come from for the first try. */
  async run(first: EndSource = 'known'): Promise<TransactionResult> {
    for (let source = first; ; source = 'leader') {
      this.#wait.begin();
      const plan = this.#knownPlan(source) ?? (await this.#plan(source));
      // a command that was handled is reported before its expectation is judged
      const earlier = plan.commits.flatMap((placed) => placed.earlier ?? []);
      if (earlier.length > 0) return this.#report(earlier, plan);
      const violations = violationsOf(plan);
      // a refusal lists what the leader says of every entry
      if (violations.length > 0 && source === 'known' && this.#entryCount > 1) continue;
      if (violations.length > 0) return this.#refuse(violations);
      const result = await this.#try(plan);
      if (result !== undefined) return result;
      if (this.#request.deadline.passed) throw gaveUp(this.#request);
      // an exact version will not hold again: mostly the leader's word ends it
      if (source === 'leader' || !this.#isExact) await sleep(this.#wait.next());
    }
  }

  get #entryCount(): number {
    return this.#request.writes.length + this.#request.checks.length;
  }

  get #isExact(): boolean {
    return this.#request.writes.every(({ expect }) => typeof expect === 'number');
  }

  /** Whether the stream has to be looked through for the id of a command, at least up to the end that the commit is put after. */
  #isToBeLookedUp({ expect, lookedUpTo }: StreamWrite): boolean {
    // a guard on the very version that the caller has looked up to (0 for a new stream) finds out by itself
    return this.#request.idIsShared && expect !== lookedUpTo;
  }

  #knownEnd(write: StreamWrite): StreamEnd | undefined {
    const end = this.#parts.ends.known(write);
    if (end === undefined || !this.#isToBeLookedUp(write)) return end;
    return this.#parts.lookup.isNew(write, end) ? end : undefined;
  }

  /** The plan where all of it is known: then an append costs one round trip. */
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
      // where anything will do no guard corrects what is known
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
    const { commit, end } = await this.#parts.lookup.find({ ...write, deadline });
    return { write, end, earlier: commit };
  }

  async #place<T extends StreamCheck>(write: T, source: EndSource): Promise<Placed<T>> {
    const { ends } = this.#parts;
    const known = source === 'known' ? ends.known(write) : undefined;
    return { write, end: known ?? (await ends.atLeader(write.stream, this.#request.deadline)) };
  }

  /** What is in the way may be the same command, stored by another process since the look-up. */
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
    if (answer.kind === 'conflict') this.#writes((stream) => this.#parts.pacing.lost(stream));
    const settled = await this.#settle(answer, plan);
    this.#previous = plan;
    return settled;
  }

  #writes(each: (stream: string) => void): void {
    for (const { stream } of this.#request.writes) each(stream.toString());
  }

  async #publish(messages: readonly OutgoingMessage[]): Promise<PublishAnswer> {
    const { log } = this.#parts;
    const { deadline } = this.#request;
    const [first] = messages;
    return first !== undefined && messages.length === 1
      ? log.publish(first, deadline)
      : log.publishBatch(messages, deadline);
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
    const guarded = checks.filter(({ write }) => write.expect !== 'any');
    return guarded.map(({ write: { index, stream }, end }) =>
      this.#parts.checks.make({ transaction: this.#request.id, index, stream, guard: end.sequence }),
    );
  }

  /** The commits of a batch stand one after the other, the checks right before them. */
  #stored(
    plan: WritePlan,
    checks: number,
    lastSequence: number,
  ): TransactionResult | Promise<TransactionResult> {
    this.#writes((stream) => this.#parts.pacing.won(stream));
    const first = lastSequence - plan.commits.length + 1;
    const stored = plan.commits.map(({ commit }, at) => ({ ...commit, sequence: first + at }));
    for (const commit of stored) this.#parts.ends.stored(commit);
    if (plan.checks.length > 0) {
      this.#discardChecks(first, checks);
      return this.#resultOf(stored, plan);
    }
    return { committed: true, entries: stored.map((commit) => toAppendResult(commit, true)) };
  }

  #discardChecks(firstCommit: number, checks: number): void {
    this.#parts.checks.discard(Array.from({ length: checks }, (_, at) => firstCommit - checks + at));
  }

  /** What the log holds of it, by any caller; undefined when it holds nothing, and it may be tried again. */
  async #settle(
    answer: Exclude<PublishAnswer, { kind: 'stored' }>,
    plan: WritePlan,
  ): Promise<TransactionResult | undefined> {
    const sentBefore = this.#previous !== undefined && haveSameGuards(this.#previous, plan);
    if (answer.kind === 'unanswered') throw this.#unanswered(answer, sentBefore);
    const resent = sentBefore || (answer.kind !== 'duplicate' && answer.resent);
    if (answer.kind === 'refused') throw refused(this.#request, answer.reason, resent);
    // nothing of this call is in the way; the same command of another one is found with the end at the leader
    if (answer.kind === 'conflict' && !resent) return undefined;
    const found = await this.#find(plan, answer.kind === 'duplicate');
    if (found.length > 0) return this.#settled(found);
    if (answer.kind === 'conflict') return undefined;
    const [{ commit }] = plan.commits as [WritePlan['commits'][number]];
    throw new CommitRemovedError({ stream: commit.stream.toString(), commitId: commit.commitId });
  }

  #unanswered({ sure, cause }: PublishAnswer & { kind: 'unanswered' }, sentBefore: boolean): unknown {
    if (sure && !sentBefore)
      return this.#previous === undefined ? notSent(this.#request, this.#parts.store) : gaveUp(this.#request);
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

  /** The commits that were stored under the ids of this request, by whoever was first. */
  async #findEarlier(): Promise<TransactionResult | undefined> {
    const sought = this.#request.writes.map((write) => ({ write }));
    const found = await this.#look(sought, { everywhere: true, looks: 1 });
    return found.length === 0 ? undefined : this.#report(found);
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
      await sleep(backoff.next());
    }
  }

  /** @throws {@link AppendOutcomeUnknownError} when the rest of the transaction cannot be read. */
  async #settled(found: readonly StoredCommit[]): Promise<TransactionResult> {
    try {
      return await this.#report(found);
    } catch (error) {
      if (error instanceof CommandIdReusedError || error instanceof CommitRemovedError) throw error;
      throw outcomeUnknown(this.#request, error);
    }
  }

  /** The result of all that was stored together with the commits that were found. */
  async #report(found: readonly StoredCommit[], plan?: WritePlan): Promise<TransactionResult> {
    const stored = await wholeTransaction(this.#parts.log, this.#request, found);
    const [first] = stored as [StoredCommit];
    const guarded = this.#request.checks.filter(({ expect }) => expect !== 'any').length;
    if (first.attemptId === this.#request.attemptId) this.#discardChecks(first.sequence, guarded);
    for (const commit of stored) this.#parts.ends.offer(commit);
    return this.#resultOf(stored, plan);
  }

  /** Entries that stored nothing report their ends: those of the plan, or the leader's. */
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

function commitIn(stored: readonly StoredCommit[], stream: StreamName): StoredCommit | undefined {
  return stored.find(
    (commit) => commit.stream.category === stream.category && commit.stream.id === stream.id,
  );
}
