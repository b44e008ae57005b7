import type { StoredCommit } from '../../event/commit.js';
import type { Version } from '../../event/version.js';
import { commitOf } from '../../event-store/append/append-result.js';
import type { AppendResult, Expectation } from '../../event-store/append/append-options.js';
import type { TransactionEntry } from '../../event-store/append/transact-options.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { WrongExpectedVersionError } from '../../event-store/append/append-errors.js';
import type { AggregateCommands } from './aggregate-commands.js';
import { checkExpected } from './aggregate-expectation.js';
import type { AggregateId } from '../model/aggregate-id.js';
import type { FoldedState } from '../state/folded-state.js';
import type { CommandOptions, UpdateOptions } from './update-options.js';

/** How one aggregate takes part in a unit of work. */
export interface MemberOptions extends Pick<UpdateOptions, 'expect'> {
  /**
   * Whether the unit of work conflicts when this aggregate has changed although nothing is stored in it: its state was decided on.
   * Costs a message that is removed afterwards. @default true
   */
  readonly check?: boolean | undefined;
}

/** One aggregate in a unit of work: as it was loaded, and what is to be stored in it. */
export class UnitOfWorkMember<S> {
  /** For a decider: after the events that are pending. */
  state: S;
  readonly #commands: AggregateCommands<S>;
  readonly #target: AggregateId;
  readonly #folded: FoldedState<S>;
  readonly #options: MemberOptions;
  readonly #pendingOf: (state: S) => readonly object[];
  readonly #pending: object[] = [];
  #isWhole = true;
  #events: readonly object[] = [];

  /** @param pendingOf What an instance has kept beside the events that are added here. */
  constructor(
    commands: AggregateCommands<S>,
    target: AggregateId,
    folded: FoldedState<S>,
    options: MemberOptions,
    pendingOf: (state: S) => readonly object[] = () => [],
  ) {
    this.#commands = commands;
    this.#target = target;
    this.#folded = folded;
    this.#options = options;
    this.#pendingOf = pendingOf;
    this.state = folded.state;
  }

  /** As it was loaded. */
  get version(): Version {
    return this.#folded.end.version;
  }

  /** @throws {@link InvalidOptionError} when another repository has brought the same stream into the unit of work. */
  checkIsOf(commands: unknown): void {
    if (commands === this.#commands) return;
    throw new InvalidOptionError({
      option: 'repository',
      given: `another one of ${this.#target.stream.toString()}`,
      allowed: 'the same for one stream throughout a unit of work',
    });
  }

  /** @throws what a caller is told whose expectation the aggregate does not meet. */
  checkExpected(expect: Expectation = 'any'): void {
    checkExpected(this.#target.stream, expect, this.version);
  }

  add(events: readonly object[]): void {
    this.#pending.push(...events);
    this.state = this.#commands.model.fold(this.state, events);
  }

  /** What this aggregate puts into the transaction: nothing if it is neither written nor checked. */
  async entries(options: CommandOptions, attempt: number): Promise<TransactionEntry[]> {
    const decision = await this.#commands.decide(
      async () => ({ value: undefined, events: [...this.#pending, ...this.#pendingOf(this.state)] }),
      { ...this.#folded, state: this.state },
      { stream: this.#target.stream, command: undefined, options, attempt },
    );
    this.#events = decision.events;
    this.#isWhole = decision.isWhole;
    const { version, commitId } = this.#folded.end;
    if (this.#events.length === 0 && this.#options.check === false) return [];
    const lastCommitId = version === 0 ? undefined : commitId;
    const { stream } = this.#target;
    return [{ stream, expect: version, lookedUpTo: version, lastCommitId, events: this.#events }];
  }

  /** @throws {@link WrongExpectedVersionError} when the leader knows another end of the stream. */
  async checkCurrent(signal: AbortSignal | undefined): Promise<void> {
    const { end } = this.#folded;
    const actual = await this.#commands.loader.movedTo(this.#target, end, signal);
    if (actual === undefined) return;
    const stream = this.#target.stream.toString();
    throw new WrongExpectedVersionError({ stream, expected: end.version, actual });
  }

  /** What was stored of this aggregate. */
  commitAmong(results: readonly AppendResult[]): StoredCommit | undefined {
    const stream = this.#target.stream.toString();
    const own = results.find((result) => result.stream.toString() === stream);
    return own && commitOf(own);
  }

  /** Gives the aggregate back to the cache. @param commit What was stored of it, if anything. */
  done(commit: StoredCommit | undefined): void {
    if (!this.#isWhole) return;
    const { loader } = this.#commands;
    if (commit !== undefined) loader.committed(this.#target, this.#folded, commit);
    else if (this.#events.length === 0) loader.giveBack(this.#target, this.#folded);
  }
}
