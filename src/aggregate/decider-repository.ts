import type { Version } from '../event/version.js';
import type { EventStore } from '../event-store/event-store.js';
import type { Position } from '../event/position.js';
import { parsePosition } from '../event/position.js';
import { recordedEvents } from '../event/recorded-event.js';
import { AggregateNotFoundError } from './aggregate-errors.js';
import { checkKnownOptions } from '../kernel/options.js';
import { AggregateCommands, checkNaming } from './command/aggregate-commands.js';
import { asEvents, type Decided, type Decider } from './model/decider.js';
import { DeciderModel } from './model/decider-model.js';
import { checkPastState, eventsUpTo, type PastState } from './load/past-state.js';
import { type DeciderRepositoryOptions, REPOSITORY_OPTIONS } from './repository-options.js';
import type { UpdateOptions, UpdateResult } from './command/update-options.js';

/** A state of a decider, as of a version. */
export interface LoadedState<State> {
  readonly state: State;
  readonly version: Version;
}

/** What a command came to; the same for whoever sends it again under its command id, but for `committed` and `attempts`. */
export interface HandleResult<Event> {
  /** Those that the command stored. */
  readonly events: readonly Event[];
  /** The aggregate's version after the command. */
  readonly version: Version;
  /** Position of the last event; undefined when the decision was to do nothing. */
  readonly position: Position | undefined;
  /** Whether this very call stored them. */
  readonly committed: boolean;
  /** How often it was decided; 0 for a command that had been handled before. */
  readonly attempts: number;
}

/** The aggregates of one decider. Made by {@link repository}. */
export class DeciderRepository<Command, Event extends object, State> {
  /** @internal */
  readonly commands: AggregateCommands<State>;
  /** @internal */
  readonly decider: Decider<Command, Event, State>;
  readonly #store: EventStore;
  readonly #model: DeciderModel<Event, State>;

  constructor(
    store: EventStore,
    decider: Decider<Command, Event, State>,
    options: DeciderRepositoryOptions<State>,
  ) {
    checkKnownOptions(options, [...REPOSITORY_OPTIONS, 'snapshotCodec']);
    checkNaming(options);
    const { snapshotCodec, ...rest } = options;
    this.#store = store;
    this.decider = decider;
    this.#model = new DeciderModel(options.category ?? 'decider', decider, snapshotCodec);
    this.commands = new AggregateCommands(store, this.#model, rest);
  }

  /**
   * State and version of the aggregate with that id.
   *
   * @throws {@link AggregateNotFoundError} when it has no events.
   */
  async load(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<LoadedState<State>> {
    const found = await this.find(id, options);
    if (found !== undefined) return found;
    throw new AggregateNotFoundError({ stream: this.commands.aggregate(id).stream.toString() });
  }

  /** State and version of the aggregate with that id, undefined when it has no events. */
  async find(
    id: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<LoadedState<State> | undefined> {
    checkKnownOptions(options, ['signal']);
    const { state, end } = await this.commands.loader.read(this.commands.aggregate(id), options.signal);
    return end.version === 0 ? undefined : { state, version: end.version };
  }

  /** Whether the aggregate has events, by the word of the leader. */
  async exists(id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    checkKnownOptions(options, ['signal']);
    return this.commands.exists(id, options.signal);
  }

  /**
   * The state as it was at a version or at a time of the server; undefined when there were no events. Reads the stream from its beginning.
   *
   * @throws {@link InvalidOptionError} when neither is given, or a version below 0.
   */
  async stateAt(id: string, at: PastState): Promise<State | undefined> {
    checkPastState(at);
    const past = await eventsUpTo(this.#store, this.commands.aggregate(id).stream, at);
    return past && this.#model.fold(this.#model.initial(), past.events);
  }

  /**
   * Loads the state, lets the decider decide on the command, and stores the events. Calls on one aggregate wait for each other. When another
   * writer was first, the state is brought up to date and decided on again. A refusal (`decide` throws) and a decision to do nothing are believed only
   * if the state was up to date at the leader. The aggregate may exist or not, unless `expect` says otherwise.
   *
   * @throws {@link AggregateNotFoundError} when it must exist and does not.
   * @throws {@link WrongExpectedVersionError} when it is not at the version expected, or other writers were first through all retries.
   * @throws what `decide` throws; nothing is stored then.
   * @example
   * await carts.handle('7', { type: 'add', sku: 'pen' }, { commandId: request.id });
   */
  async handle(id: string, command: Command, options: UpdateOptions = {}): Promise<HandleResult<Event>> {
    const decide = async (state: State): Promise<Decided<Event>> => this.decider.decide(command, state);
    return this.#toHandleResult(await this.#run(id, command, decide, options), options.signal);
  }

  /** Like {@link handle}, for an aggregate that must not exist yet. */
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
    decide: (state: State) => Decided<Event> | PromiseLike<Decided<Event>>,
    options: UpdateOptions = {},
  ): Promise<HandleResult<Event>> {
    return this.#toHandleResult(await this.#run(id, undefined, decide, options), options.signal);
  }

  /** Resolves when no snapshot is being written: before the store is closed. */
  async drain(): Promise<void> {
    await this.commands.drain();
  }

  async #run(
    id: string,
    command: unknown,
    decide: (state: State) => Decided<Event> | PromiseLike<Decided<Event>>,
    options: UpdateOptions,
  ): Promise<UpdateResult<readonly Event[]>> {
    return this.commands.run(
      id,
      command,
      async (state) => {
        const events = asEvents(await decide(state));
        return { value: events, events };
      },
      { ...options, expect: options.expect ?? 'any' },
    );
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
