import type { Position } from '../event/position.js';
import type { EventStore } from '../event-store/event-store.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { UnknownProjectionError } from './projection-errors.js';
import type { ProjectionDefinition } from './define-projection.js';
import { ProjectionRunner, type StartOptions, type WaitForOptions } from './projection-runner.js';
import type { ProjectionStatus } from './projection-status.js';
import type { RebuildOptions, RebuildResult } from './rebuild.js';

export interface ProjectionsOptions {
  /**
   * Told of every fault of a projection, also of those that it waits out: for logs. What it throws is ignored.
   *
   * @default nobody; `status()` tells
   */
  readonly onError?: ((error: Error, projection: string) => void) | undefined;
}

/**
 * Durable projections over one event store. Each runs by itself: one that fails does not hold up the others, and never ends the process.
 * To serve one version of a projection while the next is built, give each version a process, or a `Projections`, of its own.
 *
 * @example
 * await using projections = new Projections(store, [summary], { onError: (error, name) => log.error(name, error) });
 * await projections.start();
 * const { position } = await store.append(streamName('order', '42'), [new OrderPlaced('ada')]);
 * await projections.waitFor('order-summary', position);
 */
export class Projections {
  readonly #runners = new Map<string, ProjectionRunner>();

  /**
   * @throws {@link InvalidOptionError} when two projections share a name, be it in two versions; {@link EventRegistrationError} when one
   * handles an event class that the store does not know.
   */
  constructor(
    store: EventStore,
    definitions: readonly ProjectionDefinition[],
    options: ProjectionsOptions = {},
  ) {
    for (const definition of definitions) {
      const { name } = definition;
      if (this.#runners.has(name)) {
        throw new InvalidOptionError({
          option: 'projection.name',
          given: name,
          allowed: 'a name of its own (another version of a projection runs in a `Projections` of its own)',
        });
      }
      for (const { definition: event } of definition.handlers.values()) store.registry.nameOf(event);
      this.#runners.set(
        name,
        new ProjectionRunner(definition, store, (error) => options.onError?.(error, name)),
      );
    }
  }

  /**
   * Starts those that do not run, each from its checkpoint. Resolves when every replay has begun or could not begin: what keeps a projection
   * from running is told by `onError` and {@link status}, and {@link waitUntilLive} rejects with it.
   *
   * A log that does not answer is noticed when its reads time out; `signal` ends the waiting before with its reason, and the projections go
   * on trying all the same.
   */
  async start(options: StartOptions = {}): Promise<void> {
    await this.#each((runner) => runner.start(options));
  }

  /** Stops all behind the transactions that are under way. Whoever waits is told so. They can be started again. */
  async stop(): Promise<void> {
    await this.#each((runner) => runner.stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * Resolves when the projection has committed the event at that position: at once when it has already, or when there is nothing to wait for
   * (`undefined`, the position of an empty append). During a rebuild it waits for the rebuilt model.
   *
   * @throws {@link WaitTimeoutError} when it takes longer than `timeoutMs` (default 5,000).
   * @throws {@link ProjectionFailedError}, {@link ProjectionDivergedError}, {@link ProjectionFencedError} when the projection stands still.
   * @throws {@link InvalidOptionError} when the projection does not read the category of that event.
   * @throws {@link UnknownProjectionError}
   */
  async waitFor(name: string, position: Position | undefined, options: WaitForOptions = {}): Promise<void> {
    await this.#runner(name).waitFor(position, options);
  }

  /**
   * Resolves when each projection has read all that was stored: a barrier for start-up.
   *
   * @throws As {@link waitFor} does, with the first projection that cannot get there.
   */
  async waitUntilLive(options: WaitForOptions = {}): Promise<void> {
    await this.#each((runner) => runner.waitUntilLive(options));
  }

  /**
   * Clears a model and builds it anew by replay, from the beginning of the log or from `from` on. Resolves when it has read all there is; then
   * the projection goes on live. Works in any state, and starts one that does not run; other instances of it are fenced. Until it resolves
   * readers see the model as far as it is. After a crash the next start goes on where it was.
   *
   * @throws {@link ProjectionFailedError} when the projection fails, is stopped, or is rebuilt again before the end.
   * @throws {@link InvalidOptionError} before anything is cleared, also when `from` lies beyond the end of the log, which a replay would
   * skip to; {@link NatsError} when the log does not tell its end; {@link UnknownProjectionError}.
   * @example
   * await projections.rebuild('order-summary', { from: { time: new Date('2026-01-01') } });
   */
  async rebuild(name: string, options: RebuildOptions = {}): Promise<RebuildResult> {
    return this.#runner(name).rebuild(options);
  }

  /** How each projection is doing, in the order in which they were given. */
  status(): ProjectionStatus[] {
    return [...this.#runners.values()].map((runner) => runner.status());
  }

  async #each(work: (runner: ProjectionRunner) => Promise<void>): Promise<void> {
    await Promise.all([...this.#runners.values()].map(work));
  }

  #runner(name: string): ProjectionRunner {
    const runner = this.#runners.get(name);
    if (runner === undefined)
      throw new UnknownProjectionError({ projection: name, known: [...this.#runners.keys()] });
    return runner;
  }
}
