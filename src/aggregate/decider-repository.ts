import type { Version } from '../event/version.js';
import type { EventStore } from '../event-store/event-store.js';
import type { Position } from '../event/position.js';
import { parsePosition } from '../event/position.js';
import { recordedEvents } from '../event/recorded-event.js';
import { AggregateNotFoundError, MissingCategoryError } from './aggregate-errors.js';
import { checkKnownOptions } from '../kernel/options.js';
import { AggregateCommands } from './command/aggregate-commands.js';
import { asEvents, type Decided, type Decider } from './model/decider.js';
import { DeciderModel } from './model/decider-model.js';
import { checkPastState, eventsUpTo, type PastState } from './load/past-state.js';
import { checkRepositoryOptions, type DeciderRepositoryOptions } from './repository-options.js';
import type { UpdateOptions, UpdateResult } from './command/update-options.js';

/** A state of a decider at a version. */
export interface LoadedState<State> {
  /** Immutable, since it is shared with the cache. */
  readonly state: State;
  /** Version of the last event that was folded. */
  readonly version: Version;
}

/** Result of a command. Repeated under the same command id, it differs in `committed` and `attempts` only. */
export interface HandleResult<Event> {
  /** The events that the command stored, also when it had been handled before. */
  readonly events: readonly Event[];
  /** Version of the aggregate after the command, also when it had been handled before. */
  readonly version: Version;
  /** Position of the last event; undefined when the decision was to do nothing. */
  readonly position: Position | undefined;
  /** Whether this very call stored events. */
  readonly committed: boolean;
  /**
   * How often it was decided: more than 1 after other writers were first, 0 when the command had been handled
   * before.
   */
  readonly attempts: number;
}

/** A function that decides on a state, where the command is not among the decider's. */
export type DecideOn<Event extends object, State> = (
  state: State,
) => Decided<Event> | PromiseLike<Decided<Event>>;

/** The brand that two installed copies of the package agree on. */
const BRAND = Symbol.for('jetsource.decider-repository');

/** The aggregates of one decider. Made by {@link repository}. */
export class DeciderRepository<Command, Event extends object, State> {
  /** @internal */
  readonly commands: AggregateCommands<State>;
  /** @internal */
  readonly decider: Decider<Command, Event, State>;
  readonly #store: EventStore;
  readonly #model: DeciderModel<Event, State>;

  /** @internal */
  constructor(
    store: EventStore,
    decider: Decider<Command, Event, State>,
    options: DeciderRepositoryOptions<State>,
  ) {
    checkDeciderOptions(options);
    const { snapshotCodec, ...rest } = options;
    this.#store = store;
    this.decider = decider;
    this.#model = new DeciderModel(options.category ?? 'decider', decider, snapshotCodec);
    this.commands = new AggregateCommands(store, this.#model, rest);
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }

  /**
   * State and version of the aggregate with that id, as each replica may know them, which may lag behind the
   * leader by milliseconds.
   *
   * @throws {@link AggregateNotFoundError} when it has no events.
   */
  async load(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<LoadedState<State>> {
    const found = await this.find(id, options);
    if (found !== undefined) return found;
    throw new AggregateNotFoundError({ stream: this.commands.aggregate(id).stream.toString() });
  }

  /** Like {@link load}, but undefined when the aggregate has no events. */
  async find(
    id: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<LoadedState<State> | undefined> {
    checkKnownOptions(options, ['signal']);
    const target = this.commands.aggregate(id);
    const { state, lastCommit } = await this.commands.loader.read(target, options.signal);
    const { version } = lastCommit;
    return version === 0 ? undefined : { state, version };
  }

  /** Whether the aggregate has events, as the leader knows. */
  async exists(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    checkKnownOptions(options, ['signal']);
    return this.commands.exists(id, options.signal);
  }

  /**
   * The state as it was at a version or at a time of the server, as the leader knows it. Undefined when the
   * aggregate has no events, or had none at that time. Reads the stream from its beginning.
   *
   * @throws {@link InvalidOptionError} when neither is given, or a version below 0.
   * @example
   * const then = await carts.stateAt('7', { time: new Date('2026-01-01') });
   */
  async stateAt(id: string, at: PastState): Promise<State | undefined> {
    checkPastState(at);
    const past = await eventsUpTo(this.#store, this.commands.aggregate(id).stream, at);
    return past && this.#model.fold(this.#model.initial(), past.events);
  }

  /**
   * Loads the state, lets the decider decide on the command, and stores the events. Calls of this process on
   * one aggregate wait for each other. When another writer was first, the state is brought up to date and
   * decided on again. When `decide` throws, or decides to do nothing, the state is compared with the leader
   * first. The aggregate may exist or not, unless `expect` says otherwise.
   *
   * @throws {@link AggregateNotFoundError} when it does not exist and `expect` says that it must.
   * @throws {@link WrongExpectedVersionError} when it is not as expected, or other writers were first in all
   * attempts.
   * @throws {@link AppendOutcomeUnknownError} when no answer came within `deadlineMs`: repeat with the same
   * `commandId`.
   * @throws {@link InvalidOptionError} when an option cannot work.
   * @throws what `decide` or a middleware throws; nothing is stored then.
   * @example
   * await carts.handle('7', { type: 'add', sku: 'pen' }, { commandId: request.id });
   */
  async handle(id: string, command: Command, options: UpdateOptions = {}): Promise<HandleResult<Event>> {
    const decide = async (state: State): Promise<Decided<Event>> => this.decider.decide(command, state);
    return this.#run({ id, command, decide }, options);
  }

  /**
   * Like {@link handle}, for an aggregate that must not exist yet.
   *
   * @throws {@link WrongExpectedVersionError} when it exists.
   */
  async create(
    id: string,
    command: Command,
    options: Omit<UpdateOptions, 'expect'> = {},
  ): Promise<HandleResult<Event>> {
    return this.handle(id, command, { ...options, expect: 'none' });
  }

  /** Like {@link handle}, with a decision that is not among the decider's commands. */
  async update(
    id: string,
    decide: DecideOn<Event, State>,
    options: UpdateOptions = {},
  ): Promise<HandleResult<Event>> {
    return this.#run({ id, command: undefined, decide }, options);
  }

  /** Resolves when no snapshot is being written. Call it before the store is closed. */
  async drain(): Promise<void> {
    await this.commands.drain();
  }

  async #run(
    { id, command, decide }: { id: string; command: unknown; decide: DecideOn<Event, State> },
    options: UpdateOptions,
  ): Promise<HandleResult<Event>> {
    const deciding = async (state: State) => {
      const events = asEvents(await decide(state));
      return { value: events, events };
    };
    const result = await this.commands.run(
      { id, command, decide: deciding },
      { ...options, expect: options.expect ?? 'any' },
    );
    return this.#toHandleResult(result, options.signal);
  }

  async #toHandleResult(
    { value, ...result }: UpdateResult<readonly Event[]>,
    signal: AbortSignal | undefined,
  ): Promise<HandleResult<Event>> {
    return { events: value ?? (await this.#storedAt(result.position, signal)), ...result };
  }

  /** What an earlier call under the same command id has stored. */
  async #storedAt(position: Position | undefined, signal?: AbortSignal): Promise<readonly Event[]> {
    if (position === undefined) return [];
    const { sequence } = parsePosition(position);
    const commit = await this.#store.commitAt(sequence, { signal });
    if (commit === undefined) return [];
    const { registry } = this.#store;
    return recordedEvents(commit, registry).map((event) => registry.domainEventOf(event) as Event);
  }
}

/** Whether a repository is one of a decider, no matter which installed copy of the package made it. */
export function isDeciderRepository(
  repository: object,
): repository is DeciderRepository<unknown, object, unknown> {
  return BRAND in repository;
}

/**
 * The checks that need no store.
 *
 * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
 * @throws {@link MissingCategoryError} when nothing says where the streams are.
 */
export function checkDeciderOptions(
  options: Pick<DeciderRepositoryOptions<unknown>, 'category' | 'streamName'>,
): void {
  checkRepositoryOptions(options, 'decider');
  if (options.category !== undefined || options.streamName !== undefined) return;
  throw new MissingCategoryError({
    aggregate: 'a decider',
    remedy:
      'give the option category: repository(store, decider, { category }), in NestJS aggregateFeature(decider, { category })',
  });
}
