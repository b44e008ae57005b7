import { AsyncLocalStorage } from 'node:async_hooks';
import type { StoredCommit } from '../../event/commit.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { causedBy, runWithMetadata } from '../../event/metadata-context.js';
import { parsePosition, type Position, positionOf } from '../../event/position.js';
import { type RecordedEvent, recordedEvents } from '../../event/recorded-event.js';
import { Backoff } from '../../kernel/backoff.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import { StoreNotFoundError } from '../../jetstream/streams/stream-errors.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import { BusyWatch } from '../../kernel/busy-watch.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { onAbort } from '../../kernel/on-abort.js';
import { settledWithin } from '../../kernel/settled-within.js';
import { sleep } from '../../kernel/sleep.js';
import { warn } from '../../kernel/warn.js';
import type { CommitBatch, FollowOptions } from './follow-options.js';
import { type CommitMark, divergenceOf, markOf } from './log-trail.js';
import type { ReadAllStart } from './read-all-start.js';
import { SubscriptionStuckError } from './subscription-errors.js';
import { requireStartInLog } from './start-check.js';
import {
  resolveSubscribeOptions,
  type ResolvedSubscribeOptions,
  type SubscribeOptions,
} from './subscribe-options.js';

/** What a subscription needs of a store. */
export interface SubscribedStore {
  readonly name: string;
  readonly registry: EventRegistry;
  /** Aborts with the error that ends the subscription when the store is closed. */
  readonly closing?: AbortSignal;
  follow(options: FollowOptions): AsyncIterable<CommitBatch>;
  lastSequence(options?: { signal?: AbortSignal | undefined }): Promise<number>;
  commitAt(
    sequence: number,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;
}

/** A running handler: what it calls must not wait for it to end. */
interface Call {
  isOver: boolean;
}

/**
 * A running subscription to the events of a store: the stored ones, then new ones. Made by `subscribe` of a
 * store.
 */
export class Subscription implements AsyncDisposable {
  readonly #store: SubscribedStore;
  readonly #options: ResolvedSubscribeOptions;
  readonly #abort = new AbortController();
  readonly #call = new AsyncLocalStorage<Call>();
  #position: Position | undefined;
  /** The last commit of which anything was handled, and the one before it. */
  #last: CommitMark | undefined;
  #earlier: CommitMark | undefined;
  #caughtUp = false;
  #recovered = false;
  #endedByStore = false;
  #thrownByCaller: unknown;
  readonly #watch: BusyWatch;
  readonly #closed: Promise<void>;
  #isWatched = false;

  /** @internal */
  constructor(store: SubscribedStore, options: SubscribeOptions) {
    this.#store = store;
    this.#options = resolveSubscribeOptions(options, store.registry);
    this.#watch = new BusyWatch({
      stuckAfterMs: this.#options.stuckAfterMs,
      onStuck: ({ what, since }) => this.#tell(this.#stuckError(what, Date.now() - since.getTime())),
      onResumed: () => undefined,
    });
    this.#closed = this.#run();
    this.#closed.catch((error: unknown) => this.#onEnd(error));
  }

  /**
   * Resolves when the subscription was stopped and its handler has finished; rejects with what ended it
   * otherwise. Need not be looked at: what ends it is told to `onError` as well, and is a process warning
   * where nobody is to be told.
   */
  get closed(): Promise<void> {
    this.#isWatched = true;
    return this.#closed;
  }

  /**
   * Position of the last event that was handled, or skipped for its type. Begin `after` it the next time.
   * Undefined before the first event.
   */
  get position(): Position | undefined {
    return this.#position;
  }

  /** The id of that event, to be given with its position: see {@link ReadAllStart}. */
  get eventId(): string | undefined {
    if (this.#position === undefined || this.#last === undefined) return undefined;
    return `${this.#last.commitId}/${parsePosition(this.#position).index}`;
  }

  /** Whether all that was stored has been handled, as far as the server knew that delivered it last. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /**
   * Takes no more events and waits until the one at hand is handled, up to `stopTimeoutMs`; called by the
   * handler itself, it does not wait. Never rejects: see {@link closed}. Safe to call twice.
   */
  async stop(): Promise<void> {
    this.#abort.abort();
    if (this.#call.getStore()?.isOver === false) return;
    const { stopTimeoutMs } = this.#options;
    if (await settledWithin(this.#closed, stopTimeoutMs)) return;
    this.#tell(this.#stuckError('its handler', stopTimeoutMs, 'stop() has left it alone'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    const { closing } = this.#store;
    const onClosing = (): void => {
      // a subscription that was stopped before has not been ended by the store
      this.#endedByStore = !this.#isStopped;
      this.#abort.abort();
    };
    const stopListening = [
      signal && onAbort(signal, () => this.#abort.abort()),
      closing && onAbort(closing, onClosing),
    ];
    if (signal?.aborted === true) this.#abort.abort();
    if (closing?.aborted === true) onClosing();
    try {
      await this.#followThroughFaults();
    } catch (error) {
      // what a read says of its end depends on where it was
      if (!this.#endedByStore || error === this.#thrownByCaller) throw error;
    } finally {
      this.#abort.abort();
      this.#caughtUp = false;
      this.#watch.stop();
      for (const stop of stopListening) stop?.();
    }
    if (this.#endedByStore) closing?.throwIfAborted();
  }

  async #followThroughFaults(): Promise<void> {
    for (let from = this.#options.from; ;) {
      try {
        return await this.#follow(from);
      } catch (error) {
        const { onCorrupt } = this.#options;
        // a handler may meet a damaged stream, too, which is not for onCorrupt
        const isOurs = error instanceof CorruptStreamError && error !== this.#thrownByCaller;
        if (!isOurs || onCorrupt === undefined || this.#isStopped) throw error;
        await this.#calling(async () => onCorrupt(error));
        from = { sequence: parsePosition(error.position).sequence + 1 };
      }
    }
  }

  async #follow(from: ReadAllStart | undefined): Promise<void> {
    const batches = this.#store.follow({
      from,
      categories: this.#options.categories,
      signal: this.#abort.signal,
      onRecovery: (reason) => this.#onRecovery(reason),
    });
    for await (const { commits, caughtUp } of batches) {
      if (!caughtUp) this.#caughtUp = false;
      if (this.#recovered) await this.#checkLog();
      for (const commit of commits) {
        if (this.#isStopped) return;
        await this.#handleCommit(commit);
      }
      if (this.#isStopped) return;
      if (caughtUp) await this.#becomeCaughtUp();
    }
  }

  async #handleCommit(commit: StoredCommit): Promise<void> {
    const { start, isWanted } = this.#options;
    const events = recordedEvents(commit, this.#store.registry, {
      from: start.firstIndexOf(commit),
      isWanted,
    });
    for (const [index, event] of events.entries()) {
      if (this.#isStopped) return;
      await this.#handle(event);
      // events that an upcast made of one stored event are handled when all of them are
      if (events[index + 1]?.position !== event.position) this.#moveTo(event.position, commit);
    }
    this.#moveTo(positionOf(commit.sequence, commit.events.length - 1), commit);
  }

  #moveTo(position: Position, commit: StoredCommit): void {
    this.#position = position;
    if (this.#last?.commitId === commit.commitId) return;
    this.#earlier = this.#last;
    this.#last = markOf(commit);
  }

  async #handle(event: RecordedEvent): Promise<void> {
    this.#watch.begin(() => `the handler of ${event.type} at ${event.position} (${event.stream.toString()})`);
    await this.#calling(async () =>
      runWithMetadata(causedBy(event), async () => this.#options.onEvent(event)),
    );
  }

  async #becomeCaughtUp(): Promise<void> {
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    await this.#calling(async () => this.#options.onCaughtUp?.());
  }

  async #calling(work: () => Promise<void>): Promise<void> {
    const call = { isOver: false };
    try {
      await this.#call.run(call, work);
    } catch (error) {
      this.#thrownByCaller = error;
      throw error;
    } finally {
      call.isOver = true;
      this.#watch.end();
    }
  }

  /** What ends by itself is not to go unseen. A store that was closed is no surprise to who has closed it. */
  #onEnd(error: unknown): void {
    const { onError } = this.#options;
    const isExpected = hasJetsourceBrand(error) && error.code === 'connection-closed';
    if (onError === undefined && (this.#isWatched || isExpected)) return;
    this.#tell(error);
  }

  #tell(error: unknown): void {
    const { onError } = this.#options;
    if (onError !== undefined) onError(error as Error);
    else warn(`a subscription of store ${this.#store.name}: ${describeThrown(error)}`);
  }

  #stuckError(what: string, ms: number, then = 'the subscription waits for it'): SubscriptionStuckError {
    const position = this.#position;
    return new SubscriptionStuckError({
      store: this.#store.name,
      what,
      timeoutMs: Math.round(ms),
      position,
      then,
    });
  }

  #onRecovery(reason: string): void {
    // unknown until the server has reported the end of the log
    this.#caughtUp = false;
    this.#recovered = true;
    this.#options.onRecovery(reason);
  }

  /**
   * A log that does not contain the handled commits is another one. Following it would mix two logs, or stay
   * silent until it is as long as the first.
   */
  async #checkLog(): Promise<void> {
    this.#recovered = false;
    const backoff = new Backoff(50, 1_000);
    // a replica may deliver while there is no leader yet: until there is one nothing is handed on, and
    // nothing ends either
    while (!(await this.#isConfirmed())) {
      await sleep(backoff.next(), this.#abort.signal).catch(() => undefined);
    }
  }

  async #isConfirmed(): Promise<boolean> {
    if (this.#isStopped) return true;
    try {
      await this.#checkHolds();
      return true;
    } catch (error) {
      if (this.#isStopped) return true;
      if (!(error instanceof NatsError)) throw error;
      this.#options.onRecovery(error.message);
      return false;
    }
  }

  async #checkHolds(): Promise<void> {
    const { signal } = this.#abort;
    if (this.#last === undefined) return requireStartInLog(this.#store, this.#options.from, signal);
    const lastSequence = await this.#store.lastSequence({ signal });
    const trail = { last: this.#last, earlier: this.#earlier };
    const reason = await divergenceOf(trail, { store: this.#store, lastSequence, signal });
    if (reason !== undefined) throw new StoreNotFoundError({ store: this.#store.name, reason });
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }
}
