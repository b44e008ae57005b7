import type { Position } from '../../event/position.js';
import type { EventStore } from '../../event-store/event-store.js';
import { abortable } from '../../kernel/abortable.js';
import { Semaphore } from '../../kernel/semaphore.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionProgress } from '../progress/projection-progress.js';
import { ProjectionWaits } from '../progress/projection-waits.js';
import type { WaitForOptions } from '../progress/wait-for-options.js';
import { ProjectionFailedError } from '../projection-errors.js';
import type { ProjectionStatus } from '../projection-status.js';
import { checkRebuildOptions, requireWithinLog } from '../rebuild/check-rebuild-options.js';
import { CurrentRebuild } from '../rebuild/current-rebuild.js';
import { Rebuild } from '../rebuild/rebuild.js';
import type { RebuildOptions, RebuildResult } from '../rebuild/rebuild-options.js';
import type { Reset } from '../run/claim-checkpoint.js';
import type { RunEvent } from '../run/run-event.js';
import type { StartOptions } from './start-options.js';
import { type RunSupervisor, SupervisedRun } from './supervised-run.js';

/**
 * The life cycle of one projection in this process: at most one run at a time, started, stopped, or reset by
 * a rebuild.
 */
export class ProjectionRunner {
  readonly #definition: ProjectionDefinition;
  readonly #store: EventStore;
  readonly #onError: (error: Error) => void;
  readonly #control = new Semaphore(1);
  readonly #progress = new ProjectionProgress();
  readonly #waits: ProjectionWaits;
  readonly #rebuild = new CurrentRebuild();
  #run: SupervisedRun | undefined;
  /** Aborts at the next stop: a rebuild that was asked for before it must not begin after it. */
  #untilStop = new AbortController();

  /** @param onError Told of each error, also of those that are waited out. */
  constructor(definition: ProjectionDefinition, store: EventStore, onError: (error: Error) => void) {
    this.#definition = definition;
    this.#store = store;
    this.#onError = onError;
    this.#waits = new ProjectionWaits(definition, store, this.#progress);
  }

  status(): ProjectionStatus {
    const { name, version } = this.#definition;
    const { state, position, error } = this.#progress;
    return { name, version, state, caughtUp: state === 'live', position, error };
  }

  /**
   * Resolves when the replay has begun, or the first try to begin it has failed (see the status). Does
   * nothing while it runs.
   */
  async start({ signal }: StartOptions): Promise<void> {
    signal?.throwIfAborted();
    await this.#control.run(async () => {
      if (this.#run === undefined || this.#run.isOver) this.#launch(undefined);
    });
    await abortable(this.#run?.begun ?? Promise.resolve(), [signal]);
  }

  /** Ends it after the transaction in progress. */
  async stop(): Promise<void> {
    const reason = this.#failure('stop() was called');
    this.#untilStop.abort(reason);
    this.#untilStop = new AbortController();
    await this.#control.run(async () => {
      await this.#halt();
      this.#progress.stopped(reason);
      this.#giveUp(reason);
    });
  }

  async rebuild(options: RebuildOptions): Promise<RebuildResult> {
    const start = checkRebuildOptions(options);
    options.signal?.throwIfAborted();
    const signals = [this.#untilStop.signal, options.signal];
    if (start !== undefined) await abortable(requireWithinLog(start, this.#store), signals);
    const rebuild = new Rebuild(options.onProgress);
    await this.#control.run(async () => {
      for (const signal of signals) signal?.throwIfAborted();
      await this.#halt();
      this.#rebuild.replace(rebuild, this.#failure('another rebuild took the place of this one'));
      this.#launch({ start });
    });
    return rebuild.result(options.signal);
  }

  async waitFor(position: Position | undefined, options: WaitForOptions): Promise<void> {
    await this.#waits.forPosition(position, options);
  }

  async waitUntilLive(options: WaitForOptions): Promise<void> {
    await this.#waits.untilLive(options);
  }

  #launch(reset: Reset | undefined): void {
    this.#progress.launched();
    const supervisor: RunSupervisor = {
      on: (event) => this.#on(event),
      onFailure: (error) => this.#onFailure(error),
    };
    this.#run = new SupervisedRun(this.#definition, this.#store, { supervisor, reset });
  }

  async #halt(): Promise<void> {
    this.#run?.stop();
    await this.#run?.ended;
  }

  #on(event: RunEvent): void {
    this.#progress.on(event);
    this.#waits.settle();
    if (event.kind === 'delayed') this.#report(event.error);
    if (event.kind === 'applied') this.#advanceRebuild(event);
    if (event.kind === 'batch-done' && event.caughtUp) this.#rebuild.complete();
  }

  #advanceRebuild({ checkpoint, commits }: Extract<RunEvent, { kind: 'applied' }>): void {
    try {
      if (checkpoint.position !== undefined) this.#rebuild.advance(checkpoint.position, commits);
    } catch (error) {
      this.#report(error as Error);
    }
  }

  #onFailure(error: Error): void {
    this.#progress.failed(error);
    this.#report(error);
    this.#giveUp(error);
  }

  /** Nothing more comes until the next start. */
  #giveUp(error: Error): void {
    this.#waits.fail(error);
    this.#rebuild.fail(error);
  }

  #report(error: Error): void {
    try {
      this.#onError(error);
    } catch {
      // an error in a listener must not stop the projection
    }
  }

  #failure(reason: string): ProjectionFailedError {
    const { name, version } = this.#definition;
    return new ProjectionFailedError({ projection: name, version, reason });
  }
}
