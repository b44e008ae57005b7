import type { StoredCommit } from '../../event/commit.js';
import { WrongExpectedVersionError } from '../../event-store/append/append-errors.js';
import { resolveExpectation } from '../../event-store/append/expectation.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { Expectation } from '../../event-store/append/append-options.js';
import type { FoldedTo } from '../../event-store/append/append-options.js';
import type { TransactionEntry } from '../../event-store/append/transact-options.js';
import type { AggregateLoader } from '../load/aggregate-loader.js';
import type { AggregateId } from '../model/aggregate-id.js';
import type { AggregateModel } from '../model/aggregate-model.js';
import type { HandledCommand } from '../state/command-ids.js';
import type { FoldedState } from '../state/folded-state.js';
import { isExpected, unexpected } from './aggregate-expectation.js';
import { handledBefore, isStillStored } from './handled-before.js';
import type { Retries } from './retries.js';

/** What a write needs of the repository that an aggregate belongs to. */
export interface WriteParts<S> {
  readonly store: EventStore;
  readonly model: AggregateModel<S>;
  readonly loader: AggregateLoader<S>;
}

/** The command that aggregates are written by. */
export interface WriteCommand {
  readonly expect: Expectation | undefined;
  readonly commandId: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** One for all targets of a command. */
  readonly retries: Retries;
}

/** A state to decide on; with the earlier result, when the command was handled before. */
export interface TakenState<S> {
  readonly folded: FoldedState<S>;
  readonly earlier: HandledCommand | undefined;
}

/**
 * One aggregate that a command writes: takes its state, checks what is expected of it and whether the command
 * was handled before, confirms refusals at the leader, and gives the state back. A single command has one
 * target, a unit of work has one for each of its members.
 */
export class WriteTarget<S> {
  readonly aggregate: AggregateId;
  readonly #parts: WriteParts<S>;
  readonly #command: WriteCommand;
  /** The state of the attempt before. */
  #stale: FoldedState<S> | undefined;
  #forgottenWereRead = false;
  #earlier: HandledCommand | undefined;

  /** @throws {@link InvalidOptionError} when `expect` is no expectation. */
  constructor(parts: WriteParts<S>, aggregate: AggregateId, command: WriteCommand) {
    this.aggregate = aggregate;
    this.#parts = parts;
    this.#command = command;
    resolveExpectation(command.expect);
    if (typeof command.expect === 'number') command.retries.reportConflicts();
  }

  /**
   * The state for an attempt. The first one may decide on what a replica or the cache knows: a stale state
   * conflicts when its events are stored. What is expected is never judged on a stale state.
   *
   * @param attempt From 1.
   */
  async take(attempt: number): Promise<TakenState<S>> {
    const { loader } = this.#parts;
    const { expect, retries, signal } = this.#command;
    const othersWrote = await this.#beginTurn();
    // a stale state may conflict, and needs another attempt then
    const mayBeStale = attempt === 1 && retries.areLeft && !othersWrote;
    let folded = await (mayBeStale ? this.#takeConfirmed() : this.#loadAtLeader());
    let earlier = await this.#handledBefore(folded);
    if (mayBeStale && earlier === undefined && !isExpected(expect, folded.lastCommit)) {
      folded = await loader.refresh(this.aggregate, folded, signal);
      earlier = await this.#handledBefore(folded);
    }
    this.#stale = folded;
    return { folded, earlier };
  }

  /**
   * @throws {@link AggregateNotFoundError}, {@link WrongExpectedVersionError} when the aggregate is not as
   * expected.
   */
  checkExpected({ lastCommit }: FoldedState<S>, expect = this.#command.expect): void {
    if (isExpected(expect, lastCommit)) return;
    throw this.#command.retries.final(unexpected(this.aggregate.stream, expect, lastCommit.version));
  }

  /**
   * A refusal and a decision to do nothing write nothing, so no guard protects them: the leader is asked
   * whether the state was up to date.
   *
   * @throws {@link WrongExpectedVersionError} when it was not.
   */
  async checkCurrent({ lastCommit }: FoldedState<S>): Promise<void> {
    const { loader } = this.#parts;
    const actual = await loader.movedTo(this.aggregate, lastCommit, this.#command.signal);
    if (actual === undefined) return;
    const stream = this.aggregate.stream.toString();
    throw new WrongExpectedVersionError({ stream, expected: lastCommit.version, actual });
  }

  /** What an append has to name so that it conflicts unless the stream still ends where the state does. */
  guardOf({
    lastCommit: { version, commitId },
  }: FoldedState<S>): Pick<TransactionEntry, 'expect'> & FoldedTo {
    return { expect: version, lookedUpTo: version, lastCommitId: version === 0 ? undefined : commitId };
  }

  /** Gives back a state that the decision has left as it was. */
  giveBack(folded: FoldedState<S>): void {
    this.#parts.loader.giveBack(this.aggregate, folded);
  }

  /** Gives back a state whose events were stored in that commit. */
  committed(folded: FoldedState<S>, commit: StoredCommit): void {
    this.#parts.loader.committed(this.aggregate, folded, commit);
  }

  /** Waits for the turn on a stream that others write too. @returns whether they are likely to have written. */
  async #beginTurn(): Promise<boolean> {
    const { turns } = this.#command.retries;
    const streams = [this.aggregate.stream.toString()];
    return turns.isToWait(streams) && turns.begin(streams);
  }

  /** A state that is answered from is no guess: a command that it remembers is confirmed at the leader. */
  async #takeConfirmed(): Promise<FoldedState<S>> {
    const { store, loader } = this.#parts;
    const { commandId, signal } = this.#command;
    const folded = await loader.take(this.aggregate, signal);
    const lookup = { stream: this.aggregate.stream, commandId, remembered: folded.commandIds, signal };
    if (await isStillStored(store, lookup)) return folded;
    return loader.refresh(this.aggregate, folded, signal);
  }

  async #loadAtLeader(): Promise<FoldedState<S>> {
    const { loader } = this.#parts;
    const { signal } = this.#command;
    return this.#stale === undefined
      ? loader.takeCurrent(this.aggregate, signal)
      : loader.refresh(this.aggregate, this.#stale, signal);
  }

  async #handledBefore({ commandIds }: FoldedState<S>): Promise<HandledCommand | undefined> {
    const { commandId, signal } = this.#command;
    this.#earlier ??= commandId === undefined ? undefined : commandIds.find(commandId);
    // commands that were forgotten at the first look were looked for then
    if (this.#earlier !== undefined || this.#forgottenWereRead) return this.#earlier;
    this.#forgottenWereRead = commandIds.forgottenUpTo > 0;
    const { stream } = this.aggregate;
    const lookup = { stream, commandId, remembered: commandIds, signal };
    this.#earlier = await handledBefore(this.#parts.store, lookup);
    return this.#earlier;
  }
}
