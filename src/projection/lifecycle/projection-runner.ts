import type { Position } from '../../event/position.js';
import type { EventStore } from '../../event-store/event-store.js';
import { abortable } from '../../kernel/abortable.js';
import type { Stuck } from '../../kernel/busy-watch.js';
import { guardedObserver } from '../../kernel/guarded-observer.js';
import { Semaphore } from '../../kernel/semaphore.js';
import { settledWithin } from '../../kernel/settled-within.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionProgress } from '../progress/projection-progress.js';
import { ProjectionWaits } from '../progress/projection-waits.js';
import type { WaitForOptions } from '../progress/wait-for-options.js';
import { ProjectionFailedError, ProjectionStuckError } from '../projection-errors.js';
import type { ProjectionStatus } from '../projection-status.js';
import { checkRebuildOptions, requireWithinLog } from '../rebuild/check-rebuild-options.js';
import { CurrentRebuild } from '../rebuild/current-rebuild.js';
import { Rebuild } from '../rebuild/rebuild.js';
import type { RebuildOptions, RebuildResult } from '../rebuild/rebuild-options.js';
import type { Reset } from '../run/claim-checkpoint.js';
import type { RunEvent } from '../run/run-event.js';
import type { StartOptions } from './start-options.js';
import { type RunSupervisor, SupervisedRun } from './supervised-run.js';

/** What a runner needs beside the projection and the store. */
export interface RunnerOptions {
  /** Told of each error, also of those that are waited out. Must not throw. */
  readonly onError: (error: Error) => void;
  /** A handler that has not returned for so long is told of, in milliseconds. */
  readonly stuckAfterMs: number;
  /** How long a stop waits for the transaction in progress, in milliseconds. */
  readonly stopTimeoutMs: number;
}

/**
 * The life cycle of one projection in this process: at most one run at a time, started, stopped, or reset by
 * a rebuild.
 */
export class ProjectionRunner {
  readonly #definition: ProjectionDefinition;
  readonly #store: EventStore;
  readonly #options: RunnerOptions;
  readonly #control = new Semaphore(1);
  readonly #progress = new ProjectionProgress();
  readonly #waits: ProjectionWaits;
  readonly #rebuild = new CurrentRebuild();
  #run: SupervisedRun | undefined;
  #stuck: Stuck | undefined;
  /** Aborts at the next stop: a rebuild that was asked for before it must not begin after it. */
  #untilStop = new AbortController();

  constructor(definition: ProjectionDefinition, store: EventStore, options: RunnerOptions) {
    this.#definition = definition;
    this.#store = store;
    this.#options = options;
    this.#waits = new ProjectionWaits(definition, store, this.#progress);
  }

  status(): ProjectionStatus {
    const { name, version } = this.#definition;
    const { state, position, stuckSince, error } = this.#progress;
    return { name, version, state, caughtUp: state === 'live', position, stuckSince, error };
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

  /**
   * Ends it after the transaction in progress, for which it waits up to `stopTimeoutMs`. One that takes
   * longer is left alone, and rolled back when it returns.
   */
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
    const onProgress = guardedObserver('onProgress', options.onProgress, (error) =>
      this.#report(error as Error),
    );
    const rebuild = new Rebuild(onProgress);
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
    this.#stuck = undefined;
    const supervisor: RunSupervisor = {
      stuckAfterMs: this.#options.stuckAfterMs,
      on: (event) => this.#on(event),
      onFailure: (error) => this.#onFailure(error),
    };
    this.#run = new SupervisedRun(this.#definition, this.#store, { supervisor, reset });
  }

  async #halt(): Promise<void> {
    const { stopTimeoutMs: timeoutMs } = this.#options;
    const run = this.#run;
    if (run === undefined || run.isOver) return;
    run.stop();
    if (await settledWithin(run.ended, timeoutMs)) return;
    run.abandon();
    const what = this.#stuck?.what ?? 'the transaction in progress';
    this.#report(
      this.#stuckError({ what, timeoutMs, then: 'it is left alone, and rolled back when it returns' }),
    );
  }

  #on(event: RunEvent): void {
    this.#progress.on(event);
    this.#waits.settle();
    if (event.kind === 'stuck') this.#onStuck(event.stuck);
    if (event.kind === 'resumed') this.#stuck = undefined;
    if (event.kind === 'delayed') this.#report(event.error);
    if (event.kind === 'applied') this.#advanceRebuild(event);
    if (event.kind === 'batch-done' && event.caughtUp) this.#rebuild.complete();
  }

  #onStuck(stuck: Stuck): void {
    this.#stuck = stuck;
    const timeoutMs = Math.round(Date.now() - stuck.since.getTime());
    const error = this.#stuckError({ what: stuck.what, timeoutMs });
    this.#progress.stuck(stuck.since, error);
    this.#report(error);
  }

  #stuckError(details: { what: string; timeoutMs: number; then?: string }): ProjectionStuckError {
    const { name, version } = this.#definition;
    return new ProjectionStuckError({ projection: name, version, ...details });
  }

  #advanceRebuild({ checkpoint, commits }: Extract<RunEvent, { kind: 'applied' }>): void {
    if (checkpoint.position !== undefined) this.#rebuild.advance(checkpoint.position, commits);
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
    this.#options.onError(error);
  }

  #failure(reason: string): ProjectionFailedError {
    const { name, version } = this.#definition;
    return new ProjectionFailedError({ projection: name, version, reason });
  }
}
