import { DEFAULT_DEADLINE_MS } from '../../event-store/append/append-request.js';
import type { EventStore } from '../../event-store/event-store.js';
import { Deadline } from '../../kernel/deadline.js';
import { guardedObserver } from '../../kernel/guarded-observer.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { warn } from '../../kernel/warn.js';
import { AggregateCache } from '../load/aggregate-cache.js';
import { AggregateLoader } from '../load/aggregate-loader.js';
import { Snapshots } from '../snapshot/snapshots.js';
import type { AggregateId } from '../model/aggregate-id.js';
import type { AggregateModel } from '../model/aggregate-model.js';
import { StreamNaming } from '../model/stream-naming.js';
import type { RepositoryOptions } from '../repository-options.js';
import { CommandExecution } from './command-execution.js';
import type { CommandContext } from './command-middleware.js';
import type { Decide, Decision } from './decision.js';
import { MiddlewareChain } from './middleware-chain.js';
import { checkRetries } from '../write/retries.js';
import { inTurn } from './stream-queue.js';
import type { ExpectingOptions, UpdateResult } from './update-options.js';

/** Names of the options of a command, to refuse others. */
export const UPDATE_OPTIONS = [
  'expect',
  'commandId',
  'retries',
  'retryWhen',
  'metadata',
  'deadlineMs',
  'signal',
];

/** A command for one aggregate. */
export interface AggregateCommand<S, T> {
  readonly id: string;
  /** What middleware gets: the command of a decider, undefined for a decision that is a function. */
  readonly command: unknown;
  readonly decide: Decide<S, T>;
}

/** A command as one attempt to decide on it sees it. */
export type AttemptContext = CommandContext & { readonly attempt: number };

/** A state at a version, to be decided on. */
export interface VersionedState<S> {
  readonly state: S;
  readonly version: number;
}

/** Loads and writes the aggregates of one repository. Repositories of classes and of deciders share it. */
export class AggregateCommands<S> {
  readonly store: EventStore;
  readonly model: AggregateModel<S>;
  readonly loader: AggregateLoader<S>;
  readonly middleware: MiddlewareChain;
  readonly #naming: StreamNaming;
  readonly #options: RepositoryOptions;
  readonly #snapshots: Snapshots<S> | undefined;

  /** @throws {@link InvalidOptionError} when an option cannot work. */
  constructor(store: EventStore, model: AggregateModel<S>, options: RepositoryOptions) {
    checkRetries(options);
    this.#naming = new StreamNaming(options);
    const { cache, snapshots, middleware = [] } = options;
    const onWarning = guardedObserver('onWarning', options.onWarning ?? warn);
    this.store = store;
    this.model = model;
    this.middleware = new MiddlewareChain(middleware);
    this.#options = options;
    this.#snapshots = snapshots && new Snapshots({ store: store.identity, model, onWarning }, snapshots);
    this.loader = new AggregateLoader({
      store,
      model,
      cache: cache === false ? undefined : new AggregateCache(cache),
      snapshots: this.#snapshots,
      onWarning,
    });
  }

  /**
   * @throws {@link InvalidStreamNameError} when no stream can have that id.
   * @throws {@link InvalidOptionError} when the option `streamName` does not return the name of a stream.
   */
  aggregate(id: string): AggregateId {
    return this.#naming.aggregate(id);
  }

  async exists(id: string, signal?: AbortSignal): Promise<boolean> {
    const { stream } = this.aggregate(id);
    const { state } = await this.store.status(stream, { consistency: 'leader', signal });
    return state === 'active';
  }

  /**
   * Runs a command inside of the middleware, after the earlier commands of this process on the same stream.
   */
  async run<T>(
    { id, command, decide }: AggregateCommand<S, T>,
    options: ExpectingOptions,
  ): Promise<UpdateResult<T>> {
    checkKnownOptions(options, UPDATE_OPTIONS);
    const aggregate = this.aggregate(id);
    const { stream } = aggregate;
    const resolved = this.#withDefaults(options);
    const context = { stream, command, options: resolved };
    const deadlineMs = integerOption('deadlineMs', options.deadlineMs, { fallback: DEFAULT_DEADLINE_MS });
    const deadline = new Deadline(deadlineMs, options.signal);
    const execution = new CommandExecution<S>(this, aggregate, { ...resolved, deadline });
    const result = await this.middleware.command(context, async () =>
      inTurn({ store: this.store, stream, deadline }, async () =>
        execution.run(async ({ state, lastCommit: { version } }, attempt) =>
          this.decide(decide, { state, version }, { ...context, attempt }),
        ),
      ),
    );
    // the caller gets what a middleware returned in place of the result
    return result as UpdateResult<T>;
  }

  /** Decides once, inside of the middleware. */
  async decide<T>(
    decide: Decide<S, T>,
    { state, version }: VersionedState<S>,
    context: AttemptContext,
  ): Promise<Decision<T>> {
    let decided: Awaited<ReturnType<Decide<S, T>>> | undefined;
    const events = await this.middleware.decision({ ...context, state, version }, async () => {
      decided = await decide(state);
      return decided.events;
    });
    const isWhole = !this.model.changesInPlace || areSame(events, decided?.events ?? []);
    // there is no value when a middleware has answered without deciding
    return { value: decided?.value as T, events, isWhole };
  }

  /** Resolves when no snapshot is being written. */
  async drain(): Promise<void> {
    await this.#snapshots?.drain();
  }

  #withDefaults(options: ExpectingOptions): ExpectingOptions {
    const { retries, retryWhen } = this.#options;
    return {
      ...options,
      retries: options.retries ?? retries,
      retryWhen: options.retryWhen ?? retryWhen,
    };
  }
}

function areSame(one: readonly object[], other: readonly object[]): boolean {
  return one.length === other.length && one.every((event, index) => event === other[index]);
}
