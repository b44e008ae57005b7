import { asVersion, type Version } from '../event/version.js';
import type { AppendResult } from '../event-store/append/append-options.js';
import type { EventStore } from '../event-store/event-store.js';
import { AggregateNotFoundError } from './aggregate-errors.js';
import { guardedObserver } from '../kernel/guarded-observer.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';
import { warn } from '../kernel/warn.js';
import { type AttemptContext, AggregateCommands } from './command/aggregate-commands.js';
import type { AggregateId } from './model/aggregate-id.js';
import { ClassModel } from './model/class-model.js';
import type { Decider } from './model/decider.js';
import { DeciderRepository } from './decider-repository.js';
import { categoryOf } from './model/event-sourced.js';
import type { AggregateClass, EventSourcedAggregate } from './model/event-sourced-aggregate.js';
import { checkAggregate } from './model/aggregate-kind.js';
import { savedBy } from './model/saved-by.js';
import { checkPastState, eventsUpTo, type PastState } from './load/past-state.js';
import {
  type ClassRepositoryOptions,
  checkRepositoryOptions,
  type DeciderRepositoryOptions,
} from './repository-options.js';
import type { UpdateOptions, UpdateResult } from './command/update-options.js';

/**
 * A repository for one aggregate class, or for one decider. It loads aggregates by folding their events, and
 * stores what is decided only if the stream has not changed since. Make one for each kind of aggregate and
 * store, and keep it: each has a cache of its own.
 *
 * @throws {@link InvalidAggregateError} when it is given neither a class nor a decider.
 * @throws {@link MissingCategoryError} when neither {@link EventSourced} nor an option says where the streams
 * are.
 * @throws {@link InvalidStreamNameError} when no stream can have that category.
 * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
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
/** For a decider: `options` have to name its category. */
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
  checkAggregate(kind);
  return typeof kind === 'function'
    ? new Repository(store, kind, options as ClassRepositoryOptions)
    : new DeciderRepository(store, kind, options as DeciderRepositoryOptions<unknown>);
}

const SAVE_OPTIONS = ['id', 'metadata'];

/** What an instance was folded from. */
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
  readonly #onWarning: (warning: string) => void;
  readonly #origins = new WeakMap<A, Origin>();

  /** @internal */
  constructor(store: EventStore, aggregateClass: AggregateClass<A>, options: ClassRepositoryOptions = {}) {
    checkRepositoryOptions(options, 'class');
    const { category, streamName, unhandledEvents } = options;
    const naming = streamName === undefined ? { category: category ?? categoryOf(aggregateClass) } : {};
    this.#store = store;
    const onWarning = guardedObserver('onWarning', options.onWarning ?? warn);
    this.#onWarning = onWarning;
    this.model = new ClassModel(aggregateClass, { unhandledEvents, onWarning });
    this.model.checkHandlers(store.registry);
    this.commands = new AggregateCommands(store, this.model, { ...options, ...naming });
  }

  /**
   * The aggregate with that id. The instance is the caller's own: change it and {@link save} it. As any
   * replica knows it, which may lag behind the leader by milliseconds.
   *
   * @throws {@link AggregateNotFoundError} when it has no events.
   */
  async load(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<A> {
    const aggregate = await this.find(id, options);
    if (aggregate !== undefined) return aggregate;
    throw new AggregateNotFoundError({ stream: this.commands.aggregate(id).stream.toString() });
  }

  /** Like {@link load}, but undefined when the aggregate has no events. */
  async find(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<A | undefined> {
    checkKnownOptions(options, ['signal']);
    const target = this.commands.aggregate(id);
    const { state, lastCommit } = await this.commands.loader.read(target, options.signal);
    const { version, commitId } = lastCommit;
    if (version === 0) return undefined;
    this.#remember(state, { target, version, lastCommitId: commitId });
    return state;
  }

  /** Whether the aggregate has events, as the leader knows. */
  async exists(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    checkKnownOptions(options, ['signal']);
    return this.commands.exists(id, options.signal);
  }

  /**
   * The aggregate as it was at a version or at a time of the server, as the leader knows it. Undefined when
   * it has no events, or had none at that time. Reads the stream from its beginning.
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
    this.#remember(aggregate, { target, version: asVersion(past.version) });
    return aggregate;
  }

  /**
   * Stores the uncommitted events of an aggregate that this repository has loaded, or of a new one. Without
   * uncommitted events nothing is stored, which is no error. When storing fails, the aggregate keeps its
   * uncommitted events.
   *
   * The middleware is called. Where a `decision` middleware leaves out events, the aggregate does not match
   * its stream any more: load it again.
   *
   * @param options `id`: required for an aggregate that was not loaded. `metadata`: stored with the commit.
   * @throws {@link WrongExpectedVersionError} when another writer was first: load, decide again, save.
   * @throws {@link InvalidOptionError} when the id of a new aggregate is not given, or differs from that of a
   * loaded one.
   * @throws {@link AppendOutcomeUnknownError} when no answer came within 15 seconds.
   * @throws what a middleware throws; nothing is stored then.
   * @example
   * const order = await orders.load('42');
   * order.ship();
   * await orders.save(order);
   */
  async save(
    aggregate: A,
    options: { id?: string; metadata?: UpdateOptions['metadata'] } = {},
  ): Promise<AppendResult> {
    checkKnownOptions(options, SAVE_OPTIONS);
    const origin = this.#originOf(aggregate, options.id);
    const { stream } = origin.target;
    const expect = origin.version === 0 ? 'none' : origin.version;
    const context = { stream, command: undefined, options: { expect, metadata: options.metadata } } as const;
    let appended: AppendResult | undefined;
    const result = await this.commands.middleware.command(context, async () => {
      appended = await this.#append(aggregate, origin, { ...context, attempt: 1 });
      return { ...appended, value: undefined, attempts: 1 };
    });
    // the caller gets what a middleware returned in place of the result
    const { version, position, committed } = result;
    return { stream, events: [], ...appended, version, position, committed };
  }

  /**
   * Loads the aggregate, lets `decide` change it and stores the events that it has applied. Calls of this
   * process on one aggregate wait for each other. When another writer was first, it is loaded and decided
   * again. When `decide` throws, or applies nothing, the aggregate is compared with the leader first.
   *
   * The instance is lent to `decide`, since it may be cached: return what you need of it, not the instance.
   *
   * @throws {@link AggregateNotFoundError} when it does not exist, unless `expect` is `'any'` or `'none'`.
   * @throws {@link WrongExpectedVersionError} when it is not as expected, or other writers were first in all
   * attempts.
   * @throws {@link AppendOutcomeUnknownError} when no answer came within `deadlineMs`: repeat with the same
   * `commandId`.
   * @throws {@link InvalidOptionError} when an option cannot work.
   * @throws what `decide` or a middleware throws; nothing is stored then.
   * @example
   * const { value } = await orders.update('42', (order) => order.ship(), { commandId: request.id });
   */
  async update<T>(
    id: string,
    decide: (aggregate: A) => T | PromiseLike<T>,
    options: UpdateOptions = {},
  ): Promise<UpdateResult<Awaited<T>>> {
    const command = {
      id,
      command: undefined,
      decide: async (aggregate: A) => this.model.lend(aggregate, decide),
    };
    return this.commands.run<Awaited<T>>(command, { ...options, expect: options.expect ?? 'exists' });
  }

  /**
   * Like {@link update}, for an aggregate that must not exist yet.
   *
   * @throws {@link WrongExpectedVersionError} when it exists.
   */
  async create<T>(
    id: string,
    decide: (aggregate: A) => T | PromiseLike<T>,
    options: Omit<UpdateOptions, 'expect'> = {},
  ): Promise<UpdateResult<Awaited<T>>> {
    return this.update(id, decide, { ...options, expect: 'none' });
  }

  /** Resolves when no snapshot is being written. Call it before the store is closed. */
  async drain(): Promise<void> {
    await this.commands.drain();
  }

  async #append(
    aggregate: A,
    { target, version, lastCommitId }: Origin,
    context: AttemptContext,
  ): Promise<AppendResult> {
    const uncommitted = this.model.eventsOf(aggregate);
    const { events, isWhole } = await this.commands.decide(
      async () => ({ value: undefined, events: uncommitted }),
      { state: aggregate, version },
      context,
    );
    const { metadata } = context.options;
    const guard = { expect: version, lastCommitId };
    const result = await this.#store.append(target.stream, events, { ...guard, metadata });
    // an append of nothing reports the version of the stream, which the aggregate may not have
    if (!result.committed) return { ...result, version };
    const isComplete = this.model.leftovers(aggregate, uncommitted.length) === 0;
    aggregate.uncommit();
    this.commands.loader.evict(target);
    if (!isComplete) this.#onWarning(appliedMeanwhile(target));
    // an aggregate that does not match its stream keeps its old version: saved again, it conflicts
    if (isWhole && isComplete) {
      // the id of an event begins with that of its commit
      const commitId = result.events[0]?.id.split('/')[0];
      this.#origins.set(aggregate, { target, version: result.version, lastCommitId: commitId });
    }
    return result;
  }

  #remember(aggregate: A, origin: Origin): void {
    this.#origins.set(aggregate, origin);
    savedBy(aggregate, async () => this.save(aggregate));
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

function appliedMeanwhile({ stream }: AggregateId): string {
  return (
    `${stream.toString()}: events that were applied while it was being saved are not stored; ` +
    'load it again, since saved once more it conflicts'
  );
}
