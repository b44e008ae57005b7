import { commitOf } from '../../event-store/append/append-result.js';
import type { AppendResult } from '../../event-store/append/append-options.js';
import type { EventStore } from '../../event-store/event-store.js';
import { WrongExpectedVersionError } from '../../event-store/append/append-errors.js';
import { integerOption } from '../../kernel/options.js';
import { checkExpected, isExpected } from './aggregate-expectation.js';
import type { AggregateId } from '../model/aggregate-id.js';
import type { AggregateLoader } from '../load/aggregate-loader.js';
import type { HandledCommand } from '../state/command-ids.js';
import type { FoldedState } from '../state/folded-state.js';
import { handledBefore } from './handled-commands.js';
import { Retries } from './retries.js';
import type { ExpectingOptions, UpdateResult } from './update-options.js';

/** What was decided. */
export interface Decision<T> {
  readonly value: T;
  readonly events: readonly object[];
  /** Whether the state, where deciding changes it, is what the events make of it: not if some of them were left out. */
  readonly isWhole: boolean;
}

export interface CommandExecutionParts<S> {
  readonly store: EventStore;
  readonly loader: AggregateLoader<S>;
  /** Whether deciding changes the state itself. */
  readonly changesInPlace: boolean;
}

/** One command on one aggregate: load, decide, store, and again when another writer was first. */
export class CommandExecution<S> {
  readonly #parts: CommandExecutionParts<S>;
  readonly #target: AggregateId;
  readonly #options: ExpectingOptions;
  readonly #retries: Retries;
  #forgottenWereRead = false;
  #earlier: HandledCommand | undefined;

  /** @throws {@link InvalidOptionError} when an option cannot work. */
  constructor(parts: CommandExecutionParts<S>, target: AggregateId, options: ExpectingOptions) {
    checkExpectation(options.expect);
    this.#parts = parts;
    this.#target = target;
    this.#options = options;
    this.#retries = new Retries(options);
  }

  async run<T>(
    decide: (folded: FoldedState<S>, attempt: number) => Promise<Decision<T>>,
  ): Promise<UpdateResult<T>> {
    let folded = await this.#take();
    for (let attempt = 1; ; attempt += 1) {
      this.#options.signal?.throwIfAborted();
      const earlier = await this.#handledBefore(folded);
      if (earlier !== undefined) return this.#unchanged(folded, earlier);
      this.#checkExpected(folded);
      try {
        return await this.#attempt(folded, decide, attempt);
      } catch (error) {
        await this.#retries.waitOrThrow(error);
      }
      folded = await this.#parts.loader.refresh(this.#target, folded, this.#options.signal);
    }
  }

  /** What any replica or the cache knows will do at first, since the guard makes a stale decision harmless; but not for a refusal. */
  async #take(): Promise<FoldedState<S>> {
    const { signal } = this.#options;
    const { loader } = this.#parts;
    // what may be stale needs a second try
    const folded = this.#retries.areLeft
      ? await loader.take(this.#target, signal)
      : await loader.load(this.#target, 'follower', signal);
    if (this.#isExpected(folded) || (await this.#handledBefore(folded)) !== undefined) return folded;
    return loader.refresh(this.#target, folded, signal);
  }

  async #attempt<T>(
    folded: FoldedState<S>,
    decide: (folded: FoldedState<S>, attempt: number) => Promise<Decision<T>>,
    attempts: number,
  ): Promise<UpdateResult<T>> {
    const decision = await this.#decide(folded, decide, attempts);
    const { value, events, isWhole } = decision;
    const { version } = folded.end;
    if (events.length === 0) {
      await this.#checkCurrent(folded);
      if (isWhole) this.#parts.loader.giveBack(this.#target, folded);
      return { value, version, position: undefined, committed: false, attempts };
    }
    const stored = await this.#append(events, folded);
    if (!stored.committed) return resultOf<T>(stored, undefined, 0);
    this.#keep(folded, stored, isWhole);
    return resultOf(stored, value, attempts);
  }

  async #decide<T>(
    folded: FoldedState<S>,
    decide: (folded: FoldedState<S>, attempt: number) => Promise<Decision<T>>,
    attempt: number,
  ): Promise<Decision<T>> {
    try {
      return await decide(folded, attempt);
    } catch (refusal) {
      await this.#checkCurrent(folded);
      if (!this.#parts.changesInPlace) this.#parts.loader.giveBack(this.#target, folded);
      throw refusal;
    }
  }

  async #append(events: readonly object[], { end }: FoldedState<S>): Promise<AppendResult> {
    const { commandId, metadata, deadlineMs, signal } = this.#options;
    return this.#parts.store.append(this.#target.stream, events, {
      expect: end.version,
      lookedUpTo: end.version,
      lastCommitId: end.version === 0 ? undefined : end.commitId,
      commandId,
      metadata,
      deadlineMs,
      signal,
    });
  }

  #keep(folded: FoldedState<S>, stored: AppendResult, isWhole: boolean): void {
    const commit = commitOf(stored);
    if (commit !== undefined && isWhole) this.#parts.loader.committed(this.#target, folded, commit);
  }

  #unchanged<T>(folded: FoldedState<S>, earlier: HandledCommand): UpdateResult<T> {
    this.#parts.loader.giveBack(this.#target, folded);
    return resultOf<T>({ ...earlier, committed: false }, undefined, 0);
  }

  async #handledBefore(folded: FoldedState<S>): Promise<HandledCommand | undefined> {
    const { commandId, signal } = this.#options;
    const { commandIds } = folded;
    this.#earlier ??= commandId === undefined ? undefined : commandIds.find(commandId);
    // what was forgotten at the first look is no newer at the next one
    if (this.#earlier !== undefined || this.#forgottenWereRead) return this.#earlier;
    this.#forgottenWereRead = commandIds.forgottenUpTo > 0;
    this.#earlier = await handledBefore(this.#parts.store, this.#target.stream, folded, commandId, signal);
    return this.#earlier;
  }

  #isExpected({ end }: FoldedState<S>): boolean {
    return isExpected(this.#options.expect, end.version);
  }

  /** @throws what the caller is told when the aggregate is not as expected, by the word of the leader. */
  #checkExpected(folded: FoldedState<S>): void {
    if (!this.#isExpected(folded)) this.#parts.loader.giveBack(this.#target, folded);
    checkExpected(this.#target.stream, this.#options.expect, folded.end.version);
  }

  /**
   * What writes nothing is not guarded, so it is compared with the leader's word.
   *
   * @throws {@link WrongExpectedVersionError} when the aggregate is not at its version any more.
   */
  async #checkCurrent({ end }: FoldedState<S>): Promise<void> {
    const actual = await this.#parts.loader.movedTo(this.#target, end, this.#options.signal);
    if (actual === undefined) return;
    const stream = this.#target.stream.toString();
    throw new WrongExpectedVersionError({ stream, expected: end.version, actual });
  }
}

function checkExpectation(expect: ExpectingOptions['expect']): void {
  if (expect === 'any' || expect === 'none' || expect === 'exists') return;
  integerOption('expect', expect, { fallback: 0, min: 0 });
}

function resultOf<T>(
  { version, position, committed }: Pick<AppendResult, 'version' | 'position' | 'committed'>,
  value: T | undefined,
  attempts: number,
): UpdateResult<T> {
  return { value, version, position, committed, attempts };
}
