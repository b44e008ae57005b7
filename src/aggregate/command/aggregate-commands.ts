import { checkStreamName, streamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import { DEFAULT_DEADLINE_MS } from '../../event-store/append/append-request.js';
import { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { AggregateCache } from '../load/aggregate-cache.js';
import { AggregateLoader } from '../load/aggregate-loader.js';
import type { AggregateId } from '../model/aggregate-id.js';
import type { AggregateModel } from '../model/aggregate-model.js';
import { type CommandContext, nested } from './command-middleware.js';
import type { FoldedState } from '../state/folded-state.js';
import type { RepositoryOptions } from '../repository-options.js';
import { Retries } from './retries.js';
import { Snapshots } from '../load/snapshots.js';
import { inTurn } from './stream-queue.js';
import { type Decision, CommandExecution } from './command-execution.js';
import type { ExpectingOptions, UpdateResult } from './update-options.js';

export const UPDATE_OPTIONS = [
  'expect',
  'commandId',
  'retries',
  'retryWhen',
  'metadata',
  'deadlineMs',
  'signal',
];

/** Decides on a state: tells the events, and what the caller is to get. */
export type Decide<S, T> = (state: S) => Promise<{ readonly value: T; readonly events: readonly object[] }>;

/** What repositories of classes and of deciders stand on: the streams of one kind of aggregate, their loads and their commands. */
export class AggregateCommands<S> {
  readonly store: EventStore;
  readonly model: AggregateModel<S>;
  readonly loader: AggregateLoader<S>;
  readonly #options: RepositoryOptions;
  readonly #snapshots: Snapshots<S> | undefined;

  /** @throws {@link InvalidOptionError} when an option cannot work. */
  constructor(store: EventStore, model: AggregateModel<S>, options: RepositoryOptions) {
    new Retries(options);
    const { cache, snapshots, onWarning = warn } = options;
    this.store = store;
    this.model = model;
    this.#options = options;
    this.#snapshots = snapshots && new Snapshots({ store: store.identity, model, onWarning }, snapshots);
    this.loader = new AggregateLoader({
      store,
      model,
      cache: cache === false ? undefined : new AggregateCache(cache),
      snapshots: this.#snapshots,
    });
  }

  /**
   * @throws {@link InvalidStreamNameError} when no stream can have that id.
   * @throws {@link InvalidOptionError} when `streamName` gives no name of a stream.
   */
  aggregate(id: string): AggregateId {
    const { category, streamName: nameOf } = this.#options;
    if (nameOf === undefined) return { id, stream: streamName(category as string, id) };
    const name = nameOf(id);
    checkStreamName(name);
    return { id, stream: name };
  }

  async exists(id: string, signal?: AbortSignal): Promise<boolean> {
    const { state } = await this.store.status(this.aggregate(id).stream, { consistency: 'leader', signal });
    return state === 'active';
  }

  /** Runs one command: once its turn on the stream has come, inside of the middleware. */
  async run<T>(
    id: string,
    command: unknown,
    decide: Decide<S, T>,
    options: ExpectingOptions,
  ): Promise<UpdateResult<T>> {
    checkKnownOptions(options, UPDATE_OPTIONS);
    const target = this.aggregate(id);
    const { retries, retryWhen, middleware = [] } = this.#options;
    const resolved = {
      ...options,
      retries: options.retries ?? retries,
      retryWhen: options.retryWhen ?? retryWhen,
    };
    const context = { stream: target.stream, command, options: resolved };
    const update = new CommandExecution<S>(
      { store: this.store, loader: this.loader, changesInPlace: this.model.changesInPlace },
      target,
      resolved,
    );
    const deadlineMs = integerOption('deadlineMs', options.deadlineMs, { fallback: DEFAULT_DEADLINE_MS });
    const layers = middleware.map((layer) => layer.command);
    const result = await nested<CommandContext, UpdateResult<unknown>>(layers, context, async () =>
      inTurn(this.store, target.stream, new Deadline(deadlineMs, options.signal), async () =>
        update.run(async (folded, attempt) => this.decide(decide, folded, { ...context, attempt })),
      ),
    );
    // what a middleware answers in place of the result is what the caller is to get
    return result as UpdateResult<T>;
  }

  /** Resolves when no snapshot is being written. */
  async drain(): Promise<void> {
    await this.#snapshots?.drain();
  }

  /** Decides once, inside of the middleware. */
  async decide<T>(
    decide: Decide<S, T>,
    { state, end }: FoldedState<S>,
    context: CommandContext & { readonly attempt: number },
  ): Promise<Decision<T>> {
    let decided: Awaited<ReturnType<Decide<S, T>>> | undefined;
    const layers = (this.#options.middleware ?? []).map((layer) => layer.decision);
    const events = await nested<typeof context & { state: unknown; version: number }, readonly object[]>(
      layers,
      { ...context, state, version: end.version },
      async () => {
        decided = await decide(state);
        return decided.events;
      },
    );
    const isWhole = !this.model.changesInPlace || areSame(events, decided?.events ?? []);
    // without a decision there is no value: a middleware answered in its place
    return { value: decided?.value as T, events, isWhole };
  }
}

/** @throws {@link InvalidOptionError} when it is not told where the streams of an aggregate are. */
export function checkNaming({ category, streamName: nameOf }: RepositoryOptions): void {
  if (nameOf === undefined) streamName(category as string, 'any');
  else if (category !== undefined || typeof nameOf !== 'function') {
    throw new InvalidOptionError({
      option: 'streamName',
      given: nameOf,
      allowed: 'a function from an id to a stream, given without category',
    });
  }
}

function areSame(one: readonly object[], other: readonly object[]): boolean {
  return one.length === other.length && one.every((event, index) => event === other[index]);
}

function warn(warning: string): void {
  process.emitWarning(warning, 'JetsourceWarning');
}
