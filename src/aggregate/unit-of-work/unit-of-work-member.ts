import type { StoredCommit } from '../../event/commit.js';
import type { Version } from '../../event/version.js';
import { commitOf } from '../../event-store/append/append-result.js';
import type { AppendResult, Expectation } from '../../event-store/append/append-options.js';
import type { TransactionEntry } from '../../event-store/append/transact-options.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { FoldedState } from '../state/folded-state.js';
import type { AggregateCommands } from '../command/aggregate-commands.js';
import type { CommandOptions, UpdateOptions } from '../command/update-options.js';
import type { WriteTarget } from '../write/write-target.js';

/** How one aggregate takes part in a unit of work. */
export interface MemberOptions extends Pick<UpdateOptions, 'expect'> {
  /**
   * Whether the unit of work conflicts when this aggregate has changed, although no event is stored in it:
   * the work may have decided on its state. Costs a message that is removed afterwards.
   *
   * @default true
   */
  readonly check?: boolean | undefined;
}

/** What a member is made of. */
export interface MemberParts<S> {
  readonly commands: AggregateCommands<S>;
  readonly target: WriteTarget<S>;
  readonly folded: FoldedState<S>;
  readonly options: MemberOptions;
  /** The events that an instance of a class has kept; none for the state of a decider. */
  readonly keptBy: (state: S) => readonly object[];
}

/** One aggregate in a unit of work: as it was loaded, and which events are to be stored in it. */
export class UnitOfWorkMember<S> {
  /** For a decider: after the events that were decided in the unit of work. */
  state: S;
  readonly #parts: MemberParts<S>;
  readonly #decided: object[] = [];
  #kept: readonly object[] | undefined;
  #isWhole = true;
  #events: readonly object[] = [];

  constructor(parts: MemberParts<S>) {
    this.#parts = parts;
    this.state = parts.folded.state;
  }

  /** The version that it was loaded at. */
  get version(): Version {
    return this.#parts.folded.lastCommit.version;
  }

  /**
   * @throws {@link InvalidOptionError} when another repository has brought the same stream into the unit of
   * work.
   */
  checkIsOf(commands: unknown): void {
    if (commands === this.#parts.commands) return;
    throw new InvalidOptionError({
      option: 'repository',
      given: `another one of ${this.#parts.target.aggregate.stream.toString()}`,
      allowed: 'the same for one stream throughout a unit of work',
    });
  }

  /** @throws {@link AggregateNotFoundError}, {@link WrongExpectedVersionError} when it is not as expected. */
  checkExpected(expect: Expectation = 'any'): void {
    this.#parts.target.checkExpected(this.#parts.folded, expect);
  }

  /** Adds events that a decider has decided. */
  add(events: readonly object[]): void {
    this.#decided.push(...events);
    this.state = this.#parts.commands.model.fold(this.state, events);
  }

  /** The work has returned: what an instance keeps now is what was decided. */
  decided(): void {
    this.#kept = this.#parts.keptBy(this.#parts.folded.state);
  }

  /** What this aggregate puts into the transaction: nothing if it is neither written nor checked. */
  async entries(options: CommandOptions, attempt: number): Promise<TransactionEntry[]> {
    const { commands, target, folded } = this.#parts;
    const { expect, check } = this.#parts.options;
    const { stream } = target.aggregate;
    const { events, isWhole } = await commands.decide(
      async () => ({ value: undefined, events: [...this.#decided, ...(this.#kept ?? [])] }),
      this,
      { stream, command: undefined, options: { ...options, expect }, attempt },
    );
    this.#events = events;
    this.#isWhole = isWhole;
    if (events.length === 0 && check === false) return [];
    return [{ stream, ...target.guardOf(folded), events }];
  }

  /**
   * @throws {@link WrongExpectedVersionError} when the stream has changed since it was loaded, as the leader
   * knows.
   */
  async checkCurrent(): Promise<void> {
    await this.#parts.target.checkCurrent(this.#parts.folded);
  }

  /** Gives the aggregate back to the cache. @param results What the unit of work has stored. */
  done(results: readonly AppendResult[]): void {
    if (!this.#isWhole) return;
    const { target, folded } = this.#parts;
    const commit = this.#commitAmong(results);
    if (commit !== undefined) target.committed(folded, commit);
    else if (this.#events.length === 0) target.giveBack(folded);
  }

  #commitAmong(results: readonly AppendResult[]): StoredCommit | undefined {
    const stream = this.#parts.target.aggregate.stream.toString();
    const own = results.find((result) => result.stream.toString() === stream);
    return own && commitOf(own);
  }
}
