import { stream, type StreamName } from '../event/stream-name.js';
import { asVersion, type Version } from '../event/version.js';
import type { AppendResult, Consistency, EventStore } from '../event-store/event-store.js';
import { AggregateNotFoundError, InvalidOptionError } from '../kernel/errors.js';
import { checkKnownOptions } from '../kernel/options.js';
import { checkPastState, eventsUpTo, type PastState } from './past-state.js';
import { categoryOf } from './event-sourced.js';
import type { AggregateClass, EventSourcedAggregate } from './event-sourced-aggregate.js';
import type { LoadedAggregate } from './loaded-aggregate.js';
import { Update } from './update.js';
import type { UpdateOptions, UpdateResult } from './update-options.js';

/**
 * A repository for one class of aggregates: loads them by folding their events, saves what they decide under the guard of the version they
 * were loaded at.
 *
 * @throws {@link InvalidOptionError} when the class is not decorated with {@link EventSourced}.
 * @example
 * const orders = repository(store, Order);
 * await orders.update('42', (order) => order.ship());
 */
export function repository<A extends EventSourcedAggregate>(
  store: EventStore,
  aggregateClass: AggregateClass<A>,
): Repository<A> {
  return new Repository(store, aggregateClass);
}

const SAVE_OPTIONS = ['id', 'metadata'];

export class Repository<A extends EventSourcedAggregate> {
  readonly #store: EventStore;
  readonly #aggregateClass: AggregateClass<A>;
  readonly #category: string;
  /** Id and version that each aggregate handed out was loaded at. */
  readonly #origins = new WeakMap<A, { stream: StreamName; version: Version }>();

  constructor(store: EventStore, aggregateClass: AggregateClass<A>) {
    this.#store = store;
    this.#aggregateClass = aggregateClass;
    this.#category = categoryOf(aggregateClass);
  }

  /**
   * The aggregate with that id.
   *
   * @throws {@link AggregateNotFoundError} when it has no events.
   */
  async load(id: string): Promise<A> {
    const aggregate = await this.find(id);
    if (aggregate === undefined) throw new AggregateNotFoundError({ stream: this.#streamOf(id).toString() });
    return aggregate;
  }

  /** The aggregate with that id, undefined when it has no events. */
  async find(id: string): Promise<A | undefined> {
    const { aggregate, version } = await this.#fold(this.#streamOf(id), id, 'leader');
    return version === 0 ? undefined : aggregate;
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
    const name = this.#streamOf(id);
    const events = await eventsUpTo(this.#store, name, at);
    if (events === undefined) return undefined;
    const history = events.map(({ data }) => data);
    return this.#rebuild(name, id, history, asVersion(history.length));
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
    const { stream: name, version } = this.#originOf(aggregate, options.id);
    const events = [...aggregate.getUncommittedEvents()];
    const result = await this.#store.append(name, events, { expect: version, metadata: options.metadata });
    // without events the store told the stream's version, which is not the one that this aggregate was folded to
    if (!result.committed) return { ...result, version };
    aggregate.uncommit();
    this.#origins.set(aggregate, { stream: name, version: result.version });
    return result;
  }

  /**
   * Loads the aggregate, lets `decide` work on it and stores what it applied. When another writer was first, it is loaded and decided again.
   * A refusal (`decide` throws) and a decision to do nothing are believed only if the aggregate was up to date at the leader.
   *
   * @throws {@link AggregateNotFoundError} when it must exist and does not.
   * @throws {@link WrongExpectedVersionError} when it is not at the version expected, or other writers were first through all retries.
   * @throws what `decide` throws; nothing is stored then.
   */
  async update<T>(
    id: string,
    decide: (aggregate: A) => T | Promise<T>,
    options: UpdateOptions = {},
  ): Promise<UpdateResult<Awaited<T>>> {
    const name = this.#streamOf(id);
    const load = async (consistency: Consistency): Promise<LoadedAggregate<A>> =>
      this.#fold(name, id, consistency, options.signal);
    return new Update(this.#store, name, load, options).run(decide);
  }

  /** Like {@link update}, for an aggregate that must not exist yet. */
  async create<T>(
    id: string,
    decide: (aggregate: A) => T | Promise<T>,
    options: Omit<UpdateOptions, 'expect'> = {},
  ): Promise<UpdateResult<Awaited<T>>> {
    return this.update(id, decide, { ...options, expect: 'none' });
  }

  async #fold(
    name: StreamName,
    id: string,
    consistency: Consistency,
    signal?: AbortSignal,
  ): Promise<LoadedAggregate<A>> {
    const { commits, version } = await this.#store.tail(name, { consistency, signal });
    const history = commits.flatMap(({ events }) =>
      events.map((event) => this.#store.registry.decode(event)),
    );
    return { aggregate: this.#rebuild(name, id, history, version), version, commits };
  }

  #rebuild(name: StreamName, id: string, history: object[], version: Version): A {
    const aggregate = new this.#aggregateClass(id);
    checkKeepsEvents(aggregate, this.#aggregateClass);
    aggregate.loadFromHistory(history);
    this.#origins.set(aggregate, { stream: name, version });
    return aggregate;
  }

  #originOf(aggregate: A, id: string | undefined): { stream: StreamName; version: Version } {
    const origin = this.#origins.get(aggregate);
    if (origin !== undefined && id !== undefined && id !== origin.stream.id) {
      throw new InvalidOptionError({
        option: 'id',
        given: id,
        allowed: `absent, or ${origin.stream.id}, under which the aggregate was loaded`,
      });
    }
    if (origin !== undefined) return origin;
    checkKeepsEvents(aggregate, this.#aggregateClass);
    if (id !== undefined) return { stream: this.#streamOf(id), version: asVersion(0) };
    throw new InvalidOptionError({
      option: 'id',
      given: id,
      allowed: 'given for an aggregate that this repository has not loaded',
    });
  }

  #streamOf(id: string): StreamName {
    return stream(this.#category, id);
  }
}

/** With `autoCommit`, an `AggregateRoot` publishes its events instead of keeping them: there would be nothing to store. */
function checkKeepsEvents(aggregate: object, { name }: { readonly name: string }): void {
  if (!('autoCommit' in aggregate) || aggregate.autoCommit !== true) return;
  throw new InvalidOptionError({
    option: `${name}.autoCommit`,
    given: true,
    allowed: 'false: the repository stores what the aggregate keeps',
  });
}
