import { noteAppended } from '../../event/append-tracking.js';
import type { Deadline } from '../../kernel/deadline.js';
import { CommandIdReusedError } from '../../event-store/append/append-errors.js';
import type { AppendResult } from '../../event-store/append/append-options.js';
import type { AggregateId } from '../model/aggregate-id.js';
import type { HandledCommand } from '../state/command-ids.js';
import type { FoldedState } from '../state/folded-state.js';
import type { Decision } from './decision.js';
import { storedCommit } from '../write/stored-commit.js';
import { storedTogether } from '../write/stored-together.js';
import { Retries } from '../write/retries.js';
import type { ExpectingOptions, UpdateResult } from './update-options.js';
import { type WriteParts, WriteTarget } from '../write/write-target.js';

/** One attempt to decide on a state. */
export type DecideOnce<S, T> = (folded: FoldedState<S>, attempt: number) => Promise<Decision<T>>;

/** One command on one aggregate: load, decide, store; repeated when another writer was first. */
export class CommandExecution<S> {
  readonly #parts: WriteParts<S>;
  readonly #target: WriteTarget<S>;
  readonly #options: ExpectingOptions;
  readonly #retries: Retries;

  /**
   * @param deadline That of the whole command.
   * @throws {@link InvalidOptionError} when an option cannot work.
   */
  constructor(
    parts: WriteParts<S>,
    aggregate: AggregateId,
    { deadline, ...options }: ExpectingOptions & { readonly deadline: Deadline },
  ) {
    const { expect, commandId, signal } = options;
    this.#parts = parts;
    this.#options = options;
    this.#retries = new Retries(options, deadline, parts.store.turns);
    const command = { expect, commandId, signal, retries: this.#retries };
    this.#target = new WriteTarget(parts, aggregate, command);
  }

  async run<T>(decide: DecideOnce<S, T>): Promise<UpdateResult<T>> {
    return this.#retries.run(async (attempt) => {
      const { folded, earlier } = await this.#target.take(attempt);
      if (earlier !== undefined) {
        this.#target.giveBack(folded);
        await this.#checkOwn(earlier);
        noteAppended(this.#parts.store.identity, earlier.position);
        return resultOf<T>({ ...earlier, committed: false }, undefined, 0);
      }
      this.#checkExpected(folded);
      const decision = await this.#decide(folded, decide, attempt);
      return this.#store(folded, decision, attempt);
    });
  }

  /** @throws {@link CommandIdReusedError} when the id is that of a transaction over several streams. */
  async #checkOwn({ position }: HandledCommand): Promise<void> {
    const { commandId = '', signal } = this.#options;
    const stored = await storedTogether(this.#parts.store, position, signal);
    if (stored.length <= 1) return;
    const error = new CommandIdReusedError({
      commandId,
      streams: [this.#target.aggregate.stream.toString()],
      stored: stored.map(({ stream }) => stream.toString()),
    });
    throw this.#retries.final(error);
  }

  #checkExpected(folded: FoldedState<S>): void {
    try {
      this.#target.checkExpected(folded);
    } catch (error) {
      this.#target.giveBack(folded);
      throw error;
    }
  }

  async #decide<T>(folded: FoldedState<S>, decide: DecideOnce<S, T>, attempt: number): Promise<Decision<T>> {
    try {
      return await decide(folded, attempt);
    } catch (refusal) {
      await this.#target.checkCurrent(folded);
      if (!this.#parts.model.changesInPlace) this.#target.giveBack(folded);
      throw refusal;
    }
  }

  async #store<T>(
    folded: FoldedState<S>,
    { value, events, isWhole }: Decision<T>,
    attempts: number,
  ): Promise<UpdateResult<T>> {
    if (events.length === 0) {
      await this.#target.checkCurrent(folded);
      if (isWhole) this.#target.giveBack(folded);
      const { version } = folded.lastCommit;
      return { value, version, position: undefined, committed: false, attempts };
    }
    const stored = await this.#append(events, folded);
    if (!stored.committed) return resultOf<T>(stored, undefined, 0);
    const commit = isWhole ? await storedCommit(this.#parts.store, stored) : undefined;
    if (commit !== undefined) this.#target.committed(folded, commit);
    return resultOf(stored, value, attempts);
  }

  async #append(events: readonly object[], folded: FoldedState<S>): Promise<AppendResult> {
    const { commandId, metadata, signal } = this.#options;
    const guard = this.#target.guardOf(folded);
    const options = { ...guard, commandId, metadata, deadlineMs: this.#retries.leftMs, signal };
    const result = await this.#parts.store.append(this.#target.aggregate.stream, events, options);
    this.#retries.turns.end(true);
    return result;
  }
}

function resultOf<T>(
  { version, position, committed }: Pick<AppendResult, 'version' | 'position' | 'committed'>,
  value: T | undefined,
  attempts: number,
): UpdateResult<T> {
  return { value, version, position, committed, attempts };
}
