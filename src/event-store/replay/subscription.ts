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
import { sleep } from '../../kernel/sleep.js';
import type { CommitBatch, FollowOptions } from './follow-options.js';
import type { ReadAllStart } from './read-all-start.js';
import {
  resolveSubscribeOptions,
  type ResolvedSubscribeOptions,
  type SubscribeOptions,
} from './subscribe-options.js';

/** What a subscription needs of a store. */
export interface SubscribedStore {
  readonly name: string;
  readonly registry: EventRegistry;
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
  /**
   * Resolves when the subscription was stopped and its handler has finished; rejects with the error that
   * ended it. Unhandled, it does not end the process.
   */
  readonly closed: Promise<void>;
  readonly #store: SubscribedStore;
  readonly #options: ResolvedSubscribeOptions;
  readonly #abort = new AbortController();
  readonly #call = new AsyncLocalStorage<Call>();
  #position: Position | undefined;
  #commitId: string | undefined;
  #caughtUp = false;
  #recovered = false;
  #thrownByCaller: unknown;

  /** @internal */
  constructor(store: SubscribedStore, options: SubscribeOptions) {
    this.#store = store;
    this.#options = resolveSubscribeOptions(options, store.registry);
    this.closed = this.#run();
    // an error that nobody awaits must not end the process
    this.closed.catch(() => undefined);
  }

  /**
   * Position of the last event that was handled, or skipped for its type. Begin `after` it the next time.
   * Undefined before the first event.
   */
  get position(): Position | undefined {
    return this.#position;
  }

  /** Whether all stored events have been handled, as far as the server that delivered the last one knew. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /**
   * Takes no more events and waits until the current one is handled; a call from the handler itself does not
   * wait. Never rejects: see {@link closed}. Safe to call twice.
   */
  async stop(): Promise<void> {
    this.#abort.abort();
    if (this.#call.getStore()?.isOver === false) return;
    await this.closed.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    const onAbort = (): void => this.#abort.abort();
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
    try {
      await this.#followThroughFaults();
    } finally {
      this.#abort.abort();
      this.#caughtUp = false;
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #followThroughFaults(): Promise<void> {
    for (let from = this.#options.from; ;) {
      try {
        return await this.#follow(from);
      } catch (error) {
        const { onCorrupt } = this.#options;
        // a handler may read a corrupt stream as well: its error ends the subscription like any other
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
      for (const commit of commits) await this.#handleCommit(commit);
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

  #moveTo(position: Position, { commitId }: StoredCommit): void {
    this.#position = position;
    this.#commitId = commitId;
  }

  async #handle(event: RecordedEvent): Promise<void> {
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
    }
  }

  #onRecovery(reason: string): void {
    // unknown until the server has reported the end of the log
    this.#caughtUp = false;
    this.#recovered = true;
    this.#options.onRecovery?.(reason);
  }

  /**
   * A log that does not contain the handled commits is another one. Following it would mix two logs, or stay
   * silent until it is as long as the first.
   */
  async #checkLog(): Promise<void> {
    this.#recovered = false;
    if (this.#position === undefined) return;
    const { sequence } = parsePosition(this.#position);
    const backoff = new Backoff(50, 1_000);
    // a replica may deliver before there is a leader: hand on nothing and end nothing until the leader
    // confirms
    while (!(await this.#isConfirmed(sequence))) {
      await sleep(backoff.next(), this.#abort.signal).catch(() => undefined);
    }
  }

  async #isConfirmed(sequence: number): Promise<boolean> {
    if (this.#isStopped) return true;
    try {
      await this.#checkHolds(sequence);
      return true;
    } catch (error) {
      if (this.#isStopped) return true;
      if (!(error instanceof NatsError)) throw error;
      this.#options.onRecovery?.(error.message);
      return false;
    }
  }

  async #checkHolds(sequence: number): Promise<void> {
    const { signal } = this.#abort;
    const last = await this.#store.lastSequence({ signal });
    const commit = last < sequence ? undefined : await this.#store.commitAt(sequence, { signal });
    // a removed commit does not make it another log
    if (last >= sequence && (commit === undefined || commit.commitId === this.#commitId)) return;
    const found = commit === undefined ? `it ends at ${positionOf(last, 0)}` : 'another commit is there';
    const reason = `${found}, where ${this.#position ?? ''} has been handled`;
    throw new StoreNotFoundError({ store: this.#store.name, reason });
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }
}
