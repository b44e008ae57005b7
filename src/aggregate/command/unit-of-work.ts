import type { AppendResult } from '../../event-store/append/append-options.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { TransactionEntry } from '../../event-store/append/transact-options.js';
import { toAppendResult } from '../../event-store/append/append-result.js';
import { CommandHandledError } from '../aggregate-errors.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import type { AggregateLoader } from '../load/aggregate-loader.js';
import type { AggregateCommands } from './aggregate-commands.js';
import { isExpected } from './aggregate-expectation.js';
import type { AggregateId } from '../model/aggregate-id.js';
import type { HandledCommand } from '../state/command-ids.js';
import { asEvents } from '../model/decider.js';
import { DeciderRepository, type LoadedState } from '../decider-repository.js';
import type { FoldedState } from '../state/folded-state.js';
import type { EventSourcedAggregate } from '../model/event-sourced-aggregate.js';
import { handledBefore } from './handled-commands.js';
import type { Repository } from '../repository.js';
import { isConflict, Retries } from './retries.js';
import { storedTogether } from './stored-together.js';
import { type MemberOptions, UnitOfWorkMember } from './unit-of-work-member.js';
import type { CommandOptions } from './update-options.js';

export interface UnitOfWorkResult<T> {
  /** What the work returned; undefined when the command had been handled before. */
  readonly value: T | undefined;
  /** What was stored in each aggregate that changed, in the order in which they were first loaded. */
  readonly entries: readonly AppendResult[];
  /** Whether this very call stored events. */
  readonly committed: boolean;
  /** How often the work was done: more than 1 when other writers were first. 0 for a command that had been handled before. */
  readonly attempts: number;
}

/** A member whatever its state is. */
type AnyMember = UnitOfWorkMember<unknown>;

const OPTIONS = ['commandId', 'retries', 'retryWhen', 'metadata', 'deadlineMs', 'signal'];
const MEMBER_OPTIONS = ['expect', 'check'];

/**
 * One command on several aggregates: loads them as the work asks for them, and stores what they decide in one transaction, all or nothing. It
 * conflicts as well when an aggregate that was only looked at has changed meanwhile (`check: false` for one whose state does not matter). After a
 * conflict all of it is done again. A refusal (the work throws) and work that changes nothing are believed only if every aggregate was up to date.
 *
 * Of the middleware of the repositories, `decision` stands round the events of each aggregate; `command` is not called. Units of work do not queue.
 *
 * @throws {@link TransactionConflictError}, {@link WrongExpectedVersionError} when other writers were first through all retries.
 * @throws what the work throws; nothing is stored then.
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
  const retries = new Retries(options);
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    const unit = new UnitOfWork(store, options, attempt);
    try {
      return await unit.run(work);
    } catch (error) {
      // whoever names a version has seen it, and has to see the next one
      if (unit.namesVersion && isConflict(error)) throw error;
      await retries.waitOrThrow(error);
    }
  }
}

/** The aggregates of one unit of work. Of use while the work runs. */
export class UnitOfWork {
  readonly #store: EventStore;
  readonly #options: CommandOptions;
  readonly #attempt: number;
  /** By stream, in the order in which they were first asked for. */
  readonly #members = new Map<string, Promise<AnyMember>>();
  readonly #lent: (() => void)[] = [];
  #namesVersion = false;
  #earlier: HandledCommand | undefined;

  /** @internal */
  constructor(store: EventStore, options: CommandOptions, attempt: number) {
    this.#store = store;
    this.#options = options;
    this.#attempt = attempt;
  }

  /**
   * Whether the caller expects an exact version of an aggregate.
   *
   * @internal
   */
  get namesVersion(): boolean {
    return this.#namesVersion;
  }

  /**
   * An aggregate, to be changed by its methods: what it applies is stored when the work is done. Loaded twice, it is the same object.
   *
   * @throws {@link AggregateNotFoundError} when it does not exist, unless `expect` is `any` or `none`.
   */
  async load<A extends EventSourcedAggregate>(
    repository: Repository<A>,
    id: string,
    options?: MemberOptions,
  ): Promise<A>;
  /**
   * State and version of an aggregate of a decider, after what this unit of work has decided on it; to be changed by {@link handle}.
   *
   * @throws {@link AggregateNotFoundError} when it does not exist, unless `expect` is `any` or `none`.
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
    const asked = { ...options, expect: options.expect ?? 'exists' };
    if (repository instanceof DeciderRepository) {
      const member = await this.#join(repository.commands, id, asked);
      return { state: member.state, version: member.version };
    }
    const member = await this.#join(repository.commands, id, asked, (aggregate) => [
      ...aggregate.getUncommittedEvents(),
    ]);
    this.#lent.push(repository.model.lendOut(member.state));
    return member.state;
  }

  /**
   * Lets a decider decide on a command, behind what it has decided before in this unit of work. @returns the events.
   *
   * @throws what `decide` throws.
   */
  async handle<Command, Event extends object, State>(
    repository: DeciderRepository<Command, Event, State>,
    id: string,
    command: Command,
    options: MemberOptions = {},
  ): Promise<readonly Event[]> {
    const member = await this.#join(repository.commands, id, options);
    const events = asEvents(await repository.decider.decide(command, member.state));
    member.add(events);
    return events;
  }

  /** @internal */
  async run<T>(work: (unit: UnitOfWork) => T | PromiseLike<T>): Promise<UnitOfWorkResult<Awaited<T>>> {
    try {
      const value = await this.#work(work);
      // also where the work has caught what told it so
      if (this.#earlier !== undefined) return await this.#resultOf(this.#earlier);
      return await this.#commit(value as Awaited<T>);
    } finally {
      for (const takeBack of this.#lent) takeBack();
    }
  }

  /** What the work returns; undefined when it has come to an aggregate that knows the command. */
  async #work<T>(work: (unit: UnitOfWork) => T | PromiseLike<T>): Promise<Awaited<T> | undefined> {
    try {
      return await work(this);
    } catch (refusal) {
      if (this.#earlier !== undefined) return undefined;
      await this.#checkCurrent();
      throw refusal;
    }
  }

  async #commit<T>(value: T): Promise<UnitOfWorkResult<T>> {
    const members = await Promise.all(this.#members.values());
    const entries: TransactionEntry[] = [];
    for (const member of members) entries.push(...(await member.entries(this.#options, this.#attempt)));
    if (!entries.some(({ events = [] }) => events.length > 0)) {
      await this.#checkCurrent();
      for (const member of members) member.done(undefined);
      return { value, entries: [], committed: false, attempts: this.#attempt };
    }
    const { commandId, metadata, deadlineMs, signal } = this.#options;
    const transaction = { commandId, metadata, deadlineMs, signal };
    const { committed, entries: results } = await this.#store.transact(entries, transaction);
    const stored = results.filter(({ position }) => position !== undefined);
    if (!committed) return { value: undefined, entries: stored, committed, attempts: 0 };
    for (const member of members) member.done(member.commitAmong(stored));
    return { value, entries: stored, committed, attempts: this.#attempt };
  }

  async #resultOf<T>({ position }: HandledCommand): Promise<UnitOfWorkResult<T>> {
    const commits = await storedTogether(this.#store, position, this.#options.signal);
    const entries = commits.map((commit) => toAppendResult(commit, false));
    return { value: undefined, entries, committed: false, attempts: 0 };
  }

  async #join<S>(
    commands: AggregateCommands<S>,
    id: string,
    options: MemberOptions,
    pendingOf?: (state: S) => readonly object[],
  ): Promise<UnitOfWorkMember<S>> {
    checkKnownOptions(options, MEMBER_OPTIONS);
    this.#checkStore(commands.store);
    const target = commands.aggregate(id);
    const key = target.stream.toString();
    const known = this.#members.get(key);
    const joining = known ?? this.#loadMember(commands, target, options, pendingOf);
    if (known === undefined) this.#members.set(key, joining);
    if (typeof options.expect === 'number') this.#namesVersion = true;
    const member = await joining;
    member.checkIsOf(commands);
    member.checkExpected(options.expect);
    // checked above
    return member as unknown as UnitOfWorkMember<S>;
  }

  async #loadMember<S>(
    commands: AggregateCommands<S>,
    target: AggregateId,
    options: MemberOptions,
    pendingOf?: (state: S) => readonly object[],
  ): Promise<AnyMember> {
    const { commandId, signal } = this.#options;
    const folded = await this.#take(commands.loader, target, options);
    this.#earlier ??= await handledBefore(this.#store, target.stream, folded, commandId, signal);
    if (this.#earlier !== undefined) throw new CommandHandledError({ commandId: commandId ?? '' });
    return new UnitOfWorkMember(commands, target, folded, options, pendingOf) as unknown as AnyMember;
  }

  /** What may be stale at first needs a second try, and is no reason to refuse. */
  async #take<S>(
    loader: AggregateLoader<S>,
    target: AggregateId,
    { expect = 'any' }: MemberOptions,
  ): Promise<FoldedState<S>> {
    const { retries, signal } = this.#options;
    if (this.#attempt > 1 || retries === 0) return loader.load(target, 'leader', signal);
    const folded = await loader.take(target, signal);
    return isExpected(expect, folded.end.version) ? folded : loader.refresh(target, folded, signal);
  }

  /** What writes nothing is not guarded, so it is compared with the leader's word. */
  async #checkCurrent(): Promise<void> {
    // one that could not be loaded is the refusal itself
    const members = await Promise.allSettled(this.#members.values());
    await Promise.all(
      members.map(async (member) =>
        member.status === 'fulfilled' ? member.value.checkCurrent(this.#options.signal) : undefined,
      ),
    );
  }

  #checkStore(store: EventStore): void {
    if (store === this.#store) return;
    throw new InvalidOptionError({
      option: 'repository',
      given: `of store ${store.name}, by another connection`,
      allowed: 'made with the store of the unit of work',
    });
  }
}
