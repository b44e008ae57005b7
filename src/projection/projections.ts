import type { Position } from '../event/position.js';
import type { EventStore } from '../event-store/event-store.js';
import { abortable } from '../kernel/abortable.js';
import { guardedObserver } from '../kernel/guarded-observer.js';
import { integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import { Semaphore } from '../kernel/semaphore.js';
import { checkOptionalFunction, checkOptionsObject } from './checked-options.js';
import { checkDefinitions } from './definition/check-definitions.js';
import type { ProjectionDefinition } from './definition/projection-definition.js';
import { ProjectionDirectory } from './definition/projection-directory.js';
import type { ProjectionId, ProjectionRef } from './definition/projection-id.js';
import { ProjectionRunner } from './lifecycle/projection-runner.js';
import { Controls } from './operation/controls.js';
import { RunningLanes } from './lifecycle/running-lanes.js';
import { checkStartOptions, type StartOptions } from './lifecycle/start-options.js';
import type { WaitForOptions } from './progress/wait-for-options.js';
import type { ProjectionStatus } from './projection-status.js';
import { DEFAULT_STUCK_AFTER_MS } from './run/run-watch.js';
import type { RebuildOptions, RebuildResult } from './rebuild/rebuild-options.js';

/** Options of {@link Projections}. */
export interface ProjectionsOptions {
  /**
   * Called with every error of a projection, also with those that it waits out: for logs. What it throws is a
   * process warning, and stops nothing.
   *
   * @default none: see `status()`
   */
  readonly onError?: ((error: Error, projection: ProjectionId) => void) | undefined;
  /**
   * A handler, or a transaction, that has not returned for so long is told to `onError` as a {@link
   * ProjectionStuckError}, and the projection is `stuck`; in milliseconds, at least 1.
   *
   * @default 5_000
   */
  readonly stuckAfterMs?: number | undefined;
  /**
   * How long `stop()` and `rebuild()` wait for the transaction in progress, in milliseconds. One that takes
   * longer is left alone, told to `onError`, and rolled back when it returns.
   *
   * @default 5_000
   */
  readonly stopTimeoutMs?: number | undefined;
  /**
   * How many rebuilds beside the models that readers see run in this process at a time, 1 or more. The others
   * wait.
   *
   * @default 2
   */
  readonly maxRebuilds?: number | undefined;
}

const KNOWN = ['onError', 'stuckAfterMs', 'stopTimeoutMs', 'maxRebuilds'];

/**
 * Durable projections over one event store. Each runs on its own: one that fails does not delay the others,
 * and never ends the process. Two versions of one projection can run side by side: the old one serves readers
 * while the new one is built.
 *
 * @example
 * await using projections = new Projections(store, [summary], {
 *   onError: (error, { name, version }) => log.error(`${name} ${version}`, error),
 * });
 * await projections.start();
 * const { position } = await store.append(streamName('order', '42'), [new OrderPlaced('ada')]);
 * await projections.waitFor('order-summary', position);
 */
export class Projections {
  readonly #store: EventStore;
  readonly #runners = new ProjectionDirectory<ProjectionRunner>();
  readonly #controls: Controls;
  readonly #control = new Semaphore(1);
  #running: RunningLanes | undefined;

  /**
   * Does nothing yet; {@link start} does.
   *
   * @param definitions What {@link defineProjection} returned, each name and version once.
   * @throws {@link InvalidOptionError} when an option does not exist or cannot work, or a name and version
   * comes twice.
   * @throws {@link EventRegistrationError} when one handles an event type that the store does not know.
   */
  constructor(
    store: EventStore,
    definitions: readonly ProjectionDefinition[],
    options: ProjectionsOptions = {},
  ) {
    checkDefinitions(definitions);
    checkOptionsObject(options, { object: 'options', known: KNOWN });
    checkOptionalFunction('onError', options.onError);
    const limits = {
      stuckAfterMs: integerOption('stuckAfterMs', options.stuckAfterMs, {
        fallback: DEFAULT_STUCK_AFTER_MS,
        max: LONGEST_TIMER_MS,
      }),
      stopTimeoutMs: integerOption('stopTimeoutMs', options.stopTimeoutMs, {
        fallback: 5_000,
        max: LONGEST_TIMER_MS,
      }),
    };
    this.#store = store;
    this.#controls = new Controls(store.records);
    const maxRebuilds = integerOption('maxRebuilds', options.maxRebuilds, { fallback: 2 });
    const rebuilds = new Semaphore(maxRebuilds);
    for (const definition of definitions) {
      const { name, version, events } = definition;
      for (const event of events.values()) store.registry.nameOf(event);
      const told = (error: Error): unknown => options.onError?.(error, { name, version });
      const onError = guardedObserver('onError', told);
      const context = { store, options: { ...limits, onError }, rebuilds, controls: this.#controls };
      this.#runners.add(definition, new ProjectionRunner(definition, context));
    }
  }

  /**
   * Starts the projections that do not run, each from its checkpoint. Resolves when every replay has begun or
   * could not begin. An error that keeps a projection from running is passed to `onError`, is part of
   * {@link status}, and rejects {@link waitUntilLive}.
   *
   * A log that does not answer is noticed when its reads time out. `signal` ends the wait earlier; the
   * projections keep trying.
   *
   * @throws {@link InvalidOptionError} when an option does not exist or cannot work; the signal's reason.
   * @example
   * await projections.start({ signal: AbortSignal.timeout(10_000) });
   * await projections.waitUntilLive({ timeoutMs: 60_000 });
   */
  async start(options: StartOptions = {}): Promise<void> {
    checkStartOptions(options);
    options.signal?.throwIfAborted();
    await this.#control.run(async () => this.#launch());
    await abortable(
      this.#each(async (runner) => runner.begun(options.signal)),
      [options.signal],
    );
  }

  /**
   * Stops all, each after its transaction in progress, for which it waits up to `stopTimeoutMs`. Calls that
   * wait are rejected with {@link ProjectionFailedError}. They can be started again.
   */
  async stop(): Promise<void> {
    for (const runner of this.#runners.values) runner.stopping();
    await this.#control.run(async () => {
      await this.#running?.stop();
      this.#running = undefined;
      for (const runner of this.#runners.values) runner.stopped();
    });
  }

  /** {@link stop}, at the end of a block with `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * Resolves when the projection has committed the event at that position: immediately when it already has,
   * and when there is nothing to wait for (`undefined`, the position of an empty append). During a rebuild it
   * waits for the rebuilt model.
   *
   * @param projection Its name (the newest version registered here), `{ name, version }`, or its definition.
   * @throws {@link WaitTimeoutError} when it takes longer than `timeoutMs` (default 5,000 ms).
   * @throws {@link ProjectionFailedError}, {@link ProjectionDivergedError} or {@link ProjectionFencedError}
   * when the projection does not run any more.
   * @throws {@link InvalidOptionError} when the projection does not read that event's category, or an option
   * cannot work.
   * @throws {@link UnknownProjectionError} when no such projection is registered here.
   * @example
   * const { position } = await store.append(streamName('order', '42'), [new OrderPlaced('ada')]);
   * await projections.waitFor('order-summary', position, { timeoutMs: 1_000 });
   */
  async waitFor(
    projection: ProjectionRef,
    position: Position | undefined,
    options: WaitForOptions = {},
  ): Promise<void> {
    await this.#runners.find(projection).waitFor(position, options);
  }

  /**
   * Resolves when each projection, in each version, has read all that is stored. For use at start-up.
   *
   * @throws As {@link waitFor} does, with the error of the first projection that cannot get there.
   */
  async waitUntilLive(options: WaitForOptions = {}): Promise<void> {
    await this.#each((runner) => runner.waitUntilLive(options));
  }

  /**
   * Clears a model and builds it again by replay, from the beginning of the log or from `from` on. Resolves
   * when it has read all that is stored; the projection then continues live. It works in any state, starts a
   * projection that does not run, and fences its other instances. Until it resolves, readers see a model that
   * is not complete. After a crash the next start continues it.
   *
   * @param projection Its name (the newest version registered here), `{ name, version }`, or its definition.
   * @throws {@link ProjectionFailedError} when the projection fails, is stopped, or is rebuilt again before
   * the end.
   * @throws {@link InvalidOptionError} before anything is cleared, also when `from` lies beyond the end of
   * the log.
   * @throws {@link NatsError} when the log does not answer where it ends; nothing is cleared then.
   * @throws {@link UnknownProjectionError} when no such projection is registered here.
   * @example
   * await projections.rebuild('order-summary', {
   *   from: { time: new Date('2026-01-01') },
   *   onProgress: ({ events, eventsPerSecond }) => log.info(`${events} events, ${eventsPerSecond}/s`),
   * });
   */
  async rebuild(projection: ProjectionRef, options: RebuildOptions = {}): Promise<RebuildResult> {
    const runner = this.#runners.find(projection);
    return runner.rebuild(options, async () => this.#control.run(async () => this.#launch()));
  }

  /** How each projection is doing, in the order in which they were given. */
  status(): ProjectionStatus[];
  /**
   * How one projection is doing.
   *
   * @param projection Its name (the newest version registered here), `{ name, version }`, or its definition.
   * @throws {@link UnknownProjectionError} when no such projection is registered here.
   */
  status(projection: ProjectionRef): ProjectionStatus;
  status(projection?: ProjectionRef): ProjectionStatus | ProjectionStatus[] {
    if (projection !== undefined) return this.#runners.find(projection).status();
    return this.#runners.values.map((runner) => runner.status());
  }

  /** Runs what does not run. */
  async #launch(): Promise<void> {
    for (const runner of this.#runners.values) runner.starting();
    if (this.#running !== undefined) return;
    const running = new RunningLanes(this.#store, this.#runners.values, this.#controls);
    this.#running = running;
    await running.start();
  }

  async #each(work: (runner: ProjectionRunner) => Promise<void>): Promise<void> {
    await Promise.all(this.#runners.values.map(work));
  }
}
