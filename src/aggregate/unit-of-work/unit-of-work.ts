import { noteAppended } from '../../event/append-tracking.js';
import { asVersion } from '../../event/version.js';
import { DEFAULT_DEADLINE_MS } from '../../event-store/append/append-request.js';
import { toAppendResult } from '../../event-store/append/append-result.js';
import type { AppendResult } from '../../event-store/append/append-options.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { TransactionEntry } from '../../event-store/append/transact-options.js';
import { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { CommandHandledError } from '../aggregate-errors.js';
import { type DeciderRepository, isDeciderRepository, type LoadedState } from '../decider-repository.js';
import type { AggregateId } from '../model/aggregate-id.js';
import { asEvents } from '../model/decider.js';
import type { EventSourcedAggregate } from '../model/event-sourced-aggregate.js';
import { Loan } from '../model/loan.js';
import type { Repository } from '../repository.js';
import type { HandledCommand } from '../state/command-ids.js';
import type { AggregateCommands } from '../command/aggregate-commands.js';
import { OpenCommand } from './open-command.js';
import { Retries } from '../write/retries.js';
import { storedTogether } from '../write/stored-together.js';
import { type MemberOptions, UnitOfWorkMember } from './unit-of-work-member.js';
import type { CommandOptions, UpdateResult } from '../command/update-options.js';
import { WriteTarget } from '../write/write-target.js';

/** Result of {@link unitOfWork}. */
export interface UnitOfWorkResult<T> {
  /** What the work returned; undefined when the command had been handled before. */
  readonly value: T | undefined;
  /** What was stored in each aggregate that has changed, in the order in which they were loaded first. */
  readonly entries: readonly AppendResult[];
  /** Whether this very call stored events. */
  readonly committed: boolean;
  /**
   * How often the work was done: more than 1 after other writers were first, 0 when the command had been
   * handled before.
   */
  readonly attempts: number;
}

/** A member, whatever its state is. */
type AnyMember = UnitOfWorkMember<unknown>;

/** One attempt of a unit of work. */
interface UnitAttempt {
  readonly store: EventStore;
  readonly options: CommandOptions;
  readonly retries: Retries;
  /** From 1. */
  readonly number: number;
}

/** An aggregate that the work has asked for. */
interface MemberRequest<S> {
  readonly commands: AggregateCommands<S>;
  readonly id: string;
  readonly options: MemberOptions;
  /** For a decider that handles a command: the command. */
  readonly handled?: { readonly command: unknown };
  /** The events that an instance of a class has kept. */
  readonly keptBy?: (state: S) => readonly object[];
}

const OPTIONS = ['commandId', 'retries', 'retryWhen', 'metadata', 'deadlineMs', 'signal'];
const MEMBER_OPTIONS = ['expect', 'check'];

/**
 * One command on several aggregates. Loads them as the work asks for them, and stores what they decide in one
 * transaction, all or nothing.
 *
 * It also conflicts when an aggregate that was only looked at has changed meanwhile (unless `check: false`).
 * After a conflict the work is done again from its beginning, so it should do nothing but decide. When the
 * work throws, or changes nothing, every aggregate is compared with the leader first. Units of work do not
 * wait for each other.
 *
 * The middleware of the repositories is called as {@link CommandMiddleware} says.
 *
 * @throws {@link TransactionConflictError}, {@link WrongExpectedVersionError} when other writers were first
 * in all attempts.
 * @throws {@link AppendOutcomeUnknownError} when no answer came within `deadlineMs`: repeat with the same
 * `commandId`.
 * @throws {@link InvalidOptionError} when an option cannot work, or a repository was made with another store.
 * @throws what the work or a middleware throws; nothing is stored then.
 * @example
 * await unitOfWork(store, async (unit) => {
 *   const order = await unit.load(orders, '42');
 *   order.ship();
 *   await unit.handle(stock, 'pen', { type: 'take', count: order.count });
 * });
 */
export async function unitOfWork<T>(
  store: EventStore,
  work: (unit: UnitOfWork) => T | PromiseLike<T>,
  options: CommandOptions = {},
): Promise<UnitOfWorkResult<Awaited<T>>> {
  checkKnownOptions(options, OPTIONS);
  const deadlineMs = integerOption('deadlineMs', options.deadlineMs, { fallback: DEFAULT_DEADLINE_MS });
  const retries = new Retries(options, new Deadline(deadlineMs, options.signal), store.turns);
  const { unit, result } = await retries.run(async (number) => {
    const attempt = new UnitOfWork({ store, options, retries, number });
    return { unit: attempt, result: await attempt.run(work) };
  });
  // outside of the attempts: what is stored must not be repeated
  await unit.succeed(result);
  return result;
}

/** The aggregates of one unit of work. To be used while the work runs. */
export class UnitOfWork {
  readonly #attempt: UnitAttempt;
  /** By stream, in the order in which they were first asked for. */
  readonly #members = new Map<string, Promise<AnyMember>>();
  /** The versions that they were loaded at. */
  readonly #versions = new Map<string, UpdateResult<unknown>['version']>();
  readonly #open: OpenCommand[] = [];
  readonly #loaded: AnyMember[] = [];
  /** The instances that are the work's until it has returned. */
  readonly #loan = new Loan();
  #earlier: HandledCommand | undefined;

  /** @internal */
  constructor(attempt: UnitAttempt) {
    this.#attempt = attempt;
  }

  /**
   * An aggregate of a class, to be changed by its methods: what it applies is stored when the work is done.
   * Loaded twice, it is the same object. `expect` is `'exists'` by default.
   *
   * @throws {@link AggregateNotFoundError} when it does not exist, unless `expect` is `'any'` or `'none'`.
   * @throws {@link WrongExpectedVersionError} when it is not at the version expected.
   */
  async load<A extends EventSourcedAggregate>(
    repository: Repository<A>,
    id: string,
    options?: MemberOptions,
  ): Promise<A>;
  /**
   * State and version of an aggregate of a decider. The state is after what this unit of work has decided on
   * it so far. To be changed by {@link handle}. `expect` is `'exists'` by default.
   *
   * @throws {@link AggregateNotFoundError} when it does not exist, unless `expect` is `'any'` or `'none'`.
   * @throws {@link WrongExpectedVersionError} when it is not at the version expected.
   */
  async load<C, E extends object, State>(
    repository: DeciderRepository<C, E, State>,
    id: string,
    options?: MemberOptions,
  ): Promise<LoadedState<State>>;
  async load(
    repository: Repository<EventSourcedAggregate> | DeciderRepository<unknown, object, unknown>,
    id: string,
    options: MemberOptions = {},
  ): Promise<unknown> {
    const asked = { id, options: { ...options, expect: options.expect ?? 'exists' } };
    if (isDeciderRepository(repository)) {
      const { state, version } = await this.#join({ ...asked, commands: repository.commands });
      return { state, version };
    }
    const { commands, model } = repository;
    const keptBy = (aggregate: EventSourcedAggregate): readonly object[] => model.eventsOf(aggregate);
    const { state: aggregate } = await this.#join({ ...asked, commands, keptBy });
    this.#loan.lend(aggregate);
    return aggregate;
  }

  /**
   * Lets a decider decide on a command, after what it has decided before in this unit of work. `expect` is
   * `'any'` by default.
   *
   * @returns the events, which are stored when the work is done.
   * @throws {@link AggregateNotFoundError}, {@link WrongExpectedVersionError} when it is not as expected.
   * @throws what `decide` throws.
   */
  async handle<Command, Event extends object, State>(
    repository: DeciderRepository<Command, Event, State>,
    id: string,
    command: Command,
    options: MemberOptions = {},
  ): Promise<readonly Event[]> {
    const { commands, decider } = repository;
    const member = await this.#join({ commands, id, options, handled: { command } });
    const events = asEvents(await decider.decide(command, member.state));
    member.add(events);
    return events;
  }

  /** @internal */
  async run<T>(work: (unit: UnitOfWork) => T | PromiseLike<T>): Promise<UnitOfWorkResult<Awaited<T>>> {
    try {
      const value = await this.#work(work);
      // also where the work has caught the CommandHandledError
      if (this.#earlier !== undefined) return await this.#resultOf(this.#earlier);
      return await this.#commit(value as Awaited<T>);
    } catch (error) {
      await Promise.all(this.#open.map(async (command) => command.fail(error)));
      throw error;
    }
  }

  /**
   * Tells the middleware of every command what it came to.
   *
   * @internal
   */
  async succeed({ entries, committed, attempts }: UnitOfWorkResult<unknown>): Promise<void> {
    for (const command of this.#open) {
      const stream = command.context.stream.toString();
      const stored = entries.find((entry) => entry.stream.toString() === stream);
      const version = stored?.version ?? this.#versions.get(stream) ?? asVersion(0);
      await command.succeed({
        value: undefined,
        version,
        position: stored?.position,
        committed: committed && stored !== undefined,
        attempts,
      });
    }
  }

  /** What the work returns; undefined when it has met an aggregate that knows the command. */
  async #work<T>(work: (unit: UnitOfWork) => T | PromiseLike<T>): Promise<Awaited<T> | undefined> {
    try {
      const value = await this.#loan.run(() => work(this));
      // what is applied from here on is of code that the work did not wait for
      for (const member of this.#loaded) member.decided();
      return value;
    } catch (refusal) {
      if (this.#earlier !== undefined) return undefined;
      await this.#checkCurrent();
      throw refusal;
    } finally {
      this.#loan.end();
    }
  }

  async #commit<T>(value: T): Promise<UnitOfWorkResult<T>> {
    const { store, options, retries, number: attempts } = this.#attempt;
    const members = await this.#allMembers();
    const entries: TransactionEntry[] = [];
    for (const member of members) entries.push(...(await member.entries(options, attempts)));
    if (!entries.some(({ events = [] }) => events.length > 0)) {
      await this.#checkCurrent();
      for (const member of members) member.done([]);
      return { value, entries: [], committed: false, attempts };
    }
    const { commandId, metadata, signal } = options;
    const { committed, entries: results } = await store.transact(entries, {
      commandId,
      metadata,
      deadlineMs: retries.leftMs,
      signal,
    });
    retries.turns.end(committed);
    const stored = results.filter(({ position }) => position !== undefined);
    if (!committed) return { value: undefined, entries: stored, committed, attempts: 0 };
    for (const member of members) member.done(stored);
    return { value, entries: stored, committed, attempts };
  }

  /**
   * @throws why one of them could not be loaded or was refused by a middleware, also where the work has
   * caught that.
   */
  async #allMembers(): Promise<AnyMember[]> {
    for (const { admitted } of this.#open) await admitted;
    const members: AnyMember[] = [];
    for (const member of this.#members.values()) members.push(await member);
    return members;
  }

  async #resultOf<T>({ position }: HandledCommand): Promise<UnitOfWorkResult<T>> {
    const { store, options } = this.#attempt;
    const commits = await storedTogether(store, position, options.signal);
    const entries = commits.map((commit) => toAppendResult(commit, false));
    for (const entry of entries) noteAppended(store.identity, entry.position);
    return { value: undefined, entries, committed: false, attempts: 0 };
  }

  async #join<S>(request: MemberRequest<S>): Promise<UnitOfWorkMember<S>> {
    const { commands, id, options, handled } = request;
    checkKnownOptions(options, MEMBER_OPTIONS);
    this.#checkStore(commands.store);
    const aggregate = commands.aggregate(id);
    const key = aggregate.stream.toString();
    const known = this.#members.get(key);
    const joining = known ?? this.#loadMember(aggregate, request);
    if (known === undefined) this.#members.set(key, joining);
    const member = await joining;
    member.checkIsOf(commands);
    if (known !== undefined && handled !== undefined) await this.#admit(aggregate, request);
    member.checkExpected(options.expect);
    // checked above
    return member as unknown as UnitOfWorkMember<S>;
  }

  async #loadMember<S>(aggregate: AggregateId, request: MemberRequest<S>): Promise<AnyMember> {
    const { commands, options, keptBy = () => [] } = request;
    const { options: unitOptions, retries, number } = this.#attempt;
    const { commandId, signal } = unitOptions;
    const command = { expect: options.expect, commandId, signal, retries };
    const target = new WriteTarget(commands, aggregate, command);
    await this.#admit(aggregate, request);
    const { folded, earlier } = await target.take(number);
    this.#versions.set(aggregate.stream.toString(), folded.lastCommit.version);
    this.#earlier ??= earlier;
    if (this.#earlier !== undefined) {
      target.giveBack(folded);
      throw new CommandHandledError({ commandId: commandId ?? '' });
    }
    const member = new UnitOfWorkMember({ commands, target, folded, options, keptBy });
    this.#loaded.push(member as unknown as AnyMember);
    return member as unknown as AnyMember;
  }

  /** @throws what the `command` middleware refuses the command with. */
  async #admit<S>({ stream }: AggregateId, request: MemberRequest<S>): Promise<void> {
    const { commands, options, handled } = request;
    const command = new OpenCommand(commands.middleware, {
      stream,
      command: handled?.command,
      options: { ...this.#attempt.options, expect: options.expect ?? 'any' },
    });
    this.#open.push(command);
    await command.admitted;
  }

  /** A refusal and work that changes nothing write nothing, so no guard protects them. */
  async #checkCurrent(): Promise<void> {
    // one that could not be loaded is the refusal itself
    const members = await Promise.allSettled(this.#members.values());
    await Promise.all(
      members.map(async (member) =>
        member.status === 'fulfilled' ? member.value.checkCurrent() : undefined,
      ),
    );
  }

  #checkStore(store: EventStore): void {
    if (store === this.#attempt.store) return;
    throw new InvalidOptionError({
      option: 'repository',
      given: `of store ${store.name}, by another connection`,
      allowed: 'made with the store of the unit of work',
    });
  }
}
