import type { Position } from '../event/position.js';
import type { EventStore } from '../event-store/event-store.js';
import { abortable } from '../kernel/abortable.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { guardedObserver } from '../kernel/guarded-observer.js';
import { integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import { Semaphore } from '../kernel/semaphore.js';
import { checkOptionalFunction, checkOptionsObject, checkPositions } from './checked-options.js';
import { checkDefinitions } from './definition/check-definitions.js';
import type { LiveProjection } from './definition/live-projection.js';
import type { ProjectionDefinition } from './definition/projection-definition.js';
import { ProjectionDirectory } from './definition/projection-directory.js';
import { describeProjection, type ProjectionId, type ProjectionRef } from './definition/projection-id.js';
import { ProjectionRunner } from './lifecycle/projection-runner.js';
import { Controls } from './operation/controls.js';
import { RunningLanes } from './lifecycle/running-lanes.js';
import { checkStartOptions, type StartOptions } from './lifecycle/start-options.js';
import type { WaitForOptions, WaitUntilLiveOptions } from './progress/wait-for-options.js';
import type { RedriveResult } from './parking/redrive.js';
import { UnknownProjectionError } from './projection-errors.js';
import type { ProjectionStatus } from './projection-status.js';
import type { ParkedEvent } from './store/parked-table.js';
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
      const context = {
        store,
        options: { ...limits, onError },
        rebuilds,
        controls: this.#controls,
        ensureRunning: async (check: () => void) =>
          this.#control.run(async () => {
            check();
            await this.#launch();
          }),
      };
      this.#runners.add(definition, new ProjectionRunner(definition, context));
    }
  }

  /**
   * Starts the projections that do not run, each from its checkpoint. Resolves when every replay of this
   * process has begun or could not begin, and every live projection has read all that is stored or could not.
   * Of several processes one runs a lane of a projection; the others stand by, and take over within 5 s of
   * its end. An error that keeps a projection from running is passed to `onError`, is part of {@link status},
   * and rejects {@link waitUntilLive}.
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
   * @throws {@link ProjectionFailedError} or {@link ProjectionDivergedError} when the projection does not run
   * any more.
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
  async waitUntilLive(options: WaitUntilLiveOptions = {}): Promise<void> {
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
   * @throws {@link ProjectionOperationError} when the database fails before the replay.
   * @throws {@link UnknownProjectionError} when no such projection is registered here.
   * @example
   * await projections.rebuild('order-summary', {
   *   from: { time: new Date('2026-01-01') },
   *   onProgress: ({ events, eventsPerSecond }) => log.info(`${events} events, ${eventsPerSecond}/s`),
   * });
   */
  async rebuild(projection: ProjectionRef, options: RebuildOptions = {}): Promise<RebuildResult> {
    return this.#runners.find(projection).rebuild(options);
  }

  /**
   * Ends a rebuild beside the model that readers see, in all processes, also one that has failed: what it has built
   * is dropped. Calls of {@link rebuild} that wait for it reject. Only in stores that keep models side by side;
   * elsewhere a rebuild has emptied the model already.
   *
   * @returns whether there was one.
   * @throws {@link InvalidOptionError} when the store does not keep models side by side.
   * @throws {@link ProjectionOperationError} when the database fails.
   */
  async cancelRebuild(projection: ProjectionRef): Promise<boolean> {
    return this.#runners.find(projection).operations.cancelRebuild();
  }

  /**
   * The state of a live projection, as of the last event that it has handled. It is the state itself, not a copy:
   * read it, and do not keep it.
   *
   * @throws {@link ProjectionNotReadyError} until it has caught up once since its start.
   * @throws {@link ProjectionFailedError} or {@link ProjectionDivergedError} when it has stopped: the state is not
   * up to date.
   * @throws {@link UnknownProjectionError} when it is not registered here.
   * @example
   * const counts = projections.state(orderCount);
   */
  state<State extends object>(projection: LiveProjection<State>): State {
    const runner = this.#runners.find(projection);
    if (runner.definition !== projection) {
      const known = this.#runners.values.map(({ definition }) => describeProjection(definition));
      const { name, version } = projection;
      throw new UnknownProjectionError({ projection: name, version, known });
    }
    runner.requireReadable();
    return projection.store.state;
  }

  /**
   * Stops a projection in all processes, each after its transaction in progress, until {@link resume}. It stays
   * paused when processes start again. Resolves when it stands still in this process; others follow within a
   * second.
   *
   * @throws {@link NatsError} when no server answers; {@link UnknownProjectionError}.
   */
  async pause(projection: ProjectionRef): Promise<void> {
    await this.#runners.find(projection).operations.pause();
  }

  /** Ends {@link pause}: the projection goes on from its checkpoint. */
  async resume(projection: ProjectionRef): Promise<void> {
    await this.#runners.find(projection).operations.resume();
  }

  /**
   * Empties the model of a projection that is paused or not started, and moves its checkpoint to the beginning of
   * the log, or to `from`. It is built again when it runs again. Readers see an empty model until then:
   * {@link rebuild} is the way without that.
   *
   * @throws {@link ProjectionBusyError} while it runs anywhere; nothing is changed then.
   * @throws {@link ProjectionOperationError} when the database fails.
   * @throws {@link InvalidOptionError} when a replay cannot begin there.
   */
  async reset(projection: ProjectionRef, options: Pick<RebuildOptions, 'from'> = {}): Promise<void> {
    await this.#runners.find(projection).operations.reset(options);
  }

  /**
   * Lets readers see a version from now on, such as the one before, whose model still stands: a roll-back. Only in
   * stores that keep models side by side.
   *
   * @throws {@link InvalidOptionError} when the store does not.
   * @throws {@link ProjectionOperationError} when the database fails.
   * @example
   * await projections.serve({ name: 'order-summary', version: 1 });
   */
  async serve(projection: ProjectionRef): Promise<void> {
    await this.#runners.find(projection).operations.serve();
  }

  /**
   * Removes the model of a version that is not registered here any more, with its tables and checkpoints.
   *
   * @throws {@link ProjectionBusyError} while readers see it.
   * @throws {@link InvalidOptionError} for a version that is registered here, or a store without models side by
   * side.
   * @throws {@link UnknownProjectionError} when no version of the projection is registered here.
   * @throws {@link ProjectionOperationError} when the database fails.
   */
  async drop({ name, version }: ProjectionId): Promise<void> {
    const runner = this.#runners.find(name);
    const isRegistered = this.#runners.values.some(
      ({ definition }) => definition.name === name && definition.version === version,
    );
    if (isRegistered) {
      const allowed = 'a version that is not registered here: it would be built again';
      throw new InvalidOptionError({ option: 'version', given: version, allowed });
    }
    await runner.operations.drop(version);
  }

  /**
   * The events that a projection gave up on, by position.
   *
   * @throws {@link ProjectionOperationError} when the database fails.
   */
  async parked(projection: ProjectionRef): Promise<ParkedEvent[]> {
    return this.#runners.find(projection).operations.parked();
  }

  /**
   * Calls the handlers of parked events once more, one event after the other, each in a transaction of its own.
   * Later events of its stream are in the model already: a handler must be able to cope with that. Events are
   * upcast to the current schema.
   *
   * @param options `positions`: only these. @default all
   * @returns what became of each.
   * @throws {@link ProjectionOperationError} when the database fails; events before may have been handled then.
   */
  async redrive(
    projection: ProjectionRef,
    options: { readonly positions?: readonly Position[] | undefined } = {},
  ): Promise<RedriveResult[]> {
    checkOptionsObject(options, { object: 'options', known: ['positions'] });
    if (options.positions !== undefined) checkPositions('options.positions', options.positions);
    return this.#runners.find(projection).operations.redrive(options.positions);
  }

  /**
   * Forgets parked events.
   *
   * @returns how many were parked.
   * @throws {@link ProjectionOperationError} when the database fails.
   */
  async discard(projection: ProjectionRef, positions: readonly Position[]): Promise<number> {
    checkPositions('positions', positions);
    return this.#runners.find(projection).operations.discard(positions);
  }

  /**
   * How each projection is doing, over all processes that run it, in the order in which they were given. What
   * other processes do is up to a second old.
   */
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
