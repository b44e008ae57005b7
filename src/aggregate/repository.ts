import { asVersion, type Version } from '../event/version.js';
import type { AppendResult } from '../event-store/append/append-options.js';
import type { EventStore } from '../event-store/event-store.js';
import { commitOf } from '../event-store/append/append-result.js';
import { AggregateNotFoundError } from './aggregate-errors.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';
import { AggregateCommands, checkNaming } from './command/aggregate-commands.js';
import type { AggregateId } from './model/aggregate-id.js';
import { ClassModel } from './model/class-model.js';
import type { Decider } from './model/decider.js';
import { DeciderRepository } from './decider-repository.js';
import { categoryOf } from './model/event-sourced.js';
import type { AggregateClass, EventSourcedAggregate } from './model/event-sourced-aggregate.js';
import { checkPastState, eventsUpTo, type PastState } from './load/past-state.js';
import {
  type ClassRepositoryOptions,
  type DeciderRepositoryOptions,
  REPOSITORY_OPTIONS,
} from './repository-options.js';
import type { UpdateOptions, UpdateResult } from './command/update-options.js';

/**
 * A repository for one class of aggregates, or for one decider: loads by folding events, and saves what is decided under the guard of what was
 * folded. Make one for each kind of aggregate and store, and keep it: its cache is its own.
 *
 * @throws {@link InvalidOptionError} when the class is not decorated with {@link EventSourced} and no category is given, or an option cannot work.
 * @example
 * const orders = repository(store, Order);
 * await orders.update('42', (order) => order.ship());
 * @example
 * const carts = repository(store, cart, { category: 'cart' });
 * await carts.handle('7', { type: 'add', sku: 'pen' });
 */
export function repository<A extends EventSourcedAggregate>(
  store: EventStore,
  aggregateClass: AggregateClass<A>,
  options?: ClassRepositoryOptions,
): Repository<A>;
export function repository<Command, Event extends object, State>(
  store: EventStore,
  decider: Decider<Command, Event, State>,
  options: DeciderRepositoryOptions<State>,
): DeciderRepository<Command, Event, State>;
export function repository(
  store: EventStore,
  kind: AggregateClass | Decider<unknown, object, unknown>,
  options: ClassRepositoryOptions | DeciderRepositoryOptions<unknown> = {},
): unknown {
  return typeof kind === 'function'
    ? new Repository(store, kind, options as ClassRepositoryOptions)
    : new DeciderRepository(store, kind, options as DeciderRepositoryOptions<unknown>);
}

const SAVE_OPTIONS = ['id', 'metadata'];

/** What an aggregate that was handed out was folded from. */
interface Origin {
  readonly target: AggregateId;
  readonly version: Version;
  readonly lastCommitId?: string | undefined;
}

/** The aggregates of one class. Made by {@link repository}. */
export class Repository<A extends EventSourcedAggregate> {
  /** @internal */
  readonly commands: AggregateCommands<A>;
  /** @internal */
  readonly model: ClassModel<A>;
  readonly #store: EventStore;
  readonly #origins = new WeakMap<A, Origin>();

  constructor(store: EventStore, aggregateClass: AggregateClass<A>, options: ClassRepositoryOptions = {}) {
    checkKnownOptions(options, [...REPOSITORY_OPTIONS, 'unhandledEvents']);
    const { category, streamName, unhandledEvents } = options;
    const naming =
      streamName === undefined
        ? { category: category ?? categoryOf(aggregateClass) }
        : { category, streamName };
    checkNaming(naming);
    this.#store = store;
    this.model = new ClassModel(aggregateClass, { unhandledEvents });
    this.commands = new AggregateCommands(store, this.model, { ...options, ...naming });
  }

  /**
   * The aggregate with that id, an object that nobody else has.
   *
   * @throws {@link AggregateNotFoundError} when it has no events.
   */
  async load(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<A> {
    const aggregate = await this.find(id, options);
    if (aggregate !== undefined) return aggregate;
    throw new AggregateNotFoundError({ stream: this.commands.aggregate(id).stream.toString() });
  }

  /** The aggregate with that id, undefined when it has no events. */
  async find(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<A | undefined> {
    checkKnownOptions(options, ['signal']);
    const target = this.commands.aggregate(id);
    const { state, end } = await this.commands.loader.read(target, options.signal);
    if (end.version === 0) return undefined;
    this.#origins.set(state, { target, version: end.version, lastCommitId: end.commitId });
    return state;
  }

  /** Whether the aggregate has events, by the word of the leader. */
  async exists(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    checkKnownOptions(options, ['signal']);
    return this.commands.exists(id, options.signal);
  }

  /**
   * The aggregate as it was at a version or at a time of the server; undefined when it has no events, or had none at that time. Reads the stream
   * from its beginning.
   *
   * @throws {@link InvalidOptionError} when neither is given, or a version below 0.
   * @example
   * const then = await orders.stateAt('42', { time: new Date('2026-01-01') });
   */
  async stateAt(id: string, at: PastState): Promise<A | undefined> {
    checkPastState(at);
    const target = this.commands.aggregate(id);
    const past = await eventsUpTo(this.#store, target.stream, at);
    if (past === undefined) return undefined;
    const aggregate = this.model.fold(this.model.initial(id), past.events);
    this.#origins.set(aggregate, { target, version: asVersion(past.version) });
    return aggregate;
  }

  /**
   * Stores the uncommitted events of an aggregate that this repository loaded, or of a new one; nothing to store is no error. The aggregate keeps
   * its uncommitted events when storing fails.
   *
   * @throws {@link WrongExpectedVersionError} when another writer was first.
   */
  async save(
    aggregate: A,
    options: { id?: string; metadata?: UpdateOptions['metadata'] } = {},
  ): Promise<AppendResult> {
    checkKnownOptions(options, SAVE_OPTIONS);
    const { target, version, lastCommitId } = this.#originOf(aggregate, options.id);
    const events = [...aggregate.getUncommittedEvents()];
    const { metadata } = options;
    const result = await this.#store.append(target.stream, events, {
      expect: version,
      lastCommitId,
      metadata,
    });
    // without events the store told the stream's version, which is not the one that this aggregate was folded to
    if (!result.committed) return { ...result, version };
    aggregate.uncommit();
    const commitId = commitOf(result)?.commitId;
    this.#origins.set(aggregate, { target, version: result.version, lastCommitId: commitId });
    this.commands.loader.evict(target);
    return result;
  }

  /**
   * Loads the aggregate, lets `decide` work on it and stores what it applied; calls on one aggregate wait for each other. When another writer was
   * first, it is loaded and decided again. A refusal (`decide` throws) and a decision to do nothing are believed only if the aggregate was up to date
   * at the leader. The aggregate is lent to `decide`: it may be cached, so keep what it tells, not the object.
   *
   * @throws {@link AggregateNotFoundError} when it must exist and does not.
   * @throws {@link WrongExpectedVersionError} when it is not at the version expected, or other writers were first through all retries.
   * @throws what `decide` throws; nothing is stored then.
   */
  async update<T>(
    id: string,
    decide: (aggregate: A) => T | PromiseLike<T>,
    options: UpdateOptions = {},
  ): Promise<UpdateResult<Awaited<T>>> {
    return this.commands.run<Awaited<T>>(
      id,
      undefined,
      async (aggregate) => {
        const value = await this.model.lend(aggregate, decide);
        return { value, events: [...aggregate.getUncommittedEvents()] };
      },
      { ...options, expect: options.expect ?? 'exists' },
    );
  }

  /** Like {@link update}, for an aggregate that must not exist yet. */
  async create<T>(
    id: string,
    decide: (aggregate: A) => T | PromiseLike<T>,
    options: Omit<UpdateOptions, 'expect'> = {},
  ): Promise<UpdateResult<Awaited<T>>> {
    return this.update(id, decide, { ...options, expect: 'none' });
  }

  /** Resolves when no snapshot is being written: before the store is closed. */
  async drain(): Promise<void> {
    await this.commands.drain();
  }

  #originOf(aggregate: A, id: string | undefined): Origin {
    const origin = this.#origins.get(aggregate);
    if (origin !== undefined && id !== undefined && id !== origin.target.id) {
      throw new InvalidOptionError({
        option: 'id',
        given: id,
        allowed: `absent, or ${origin.target.id}, under which the aggregate was loaded`,
      });
    }
    if (origin !== undefined) return origin;
    this.model.checkKeepsEvents(aggregate);
    if (id !== undefined) return { target: this.commands.aggregate(id), version: asVersion(0) };
    throw new InvalidOptionError({
      option: 'id',
      given: id,
      allowed: 'given for an aggregate that this repository has not loaded',
    });
  }
}
