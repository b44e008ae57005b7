import type { Stuck } from '../../kernel/busy-watch.js';
import { settledWithin } from '../../kernel/settled-within.js';
import { ProjectionProgress } from '../progress/projection-progress.js';
import { ProjectionStuckError } from '../projection-errors.js';
import { Fenced } from '../run/fenced.js';
import type { RunScope } from '../run/projection-run.js';
import type { RunEvent } from '../run/run-event.js';
import type { ModelId } from '../store/model-id.js';
import type { RunnerOptions } from './runner-options.js';
import { SupervisedRun } from './supervised-run.js';

/** Who has the runs of a lane. None of these may throw. */
export interface ModelRunListener {
  /** Called after the progress has changed. */
  onEvent(event: RunEvent): void;
  /** The run has ended by itself: see {@link ModelRun.failure}. */
  onEnd(): void;
}

/** One lane of one model at work, with its progress. */
export class ModelRun {
  readonly model: ModelId;
  readonly progress = new ProjectionProgress();
  readonly #scope: RunScope;
  readonly #options: RunnerOptions;
  readonly #listener: ModelRunListener;
  readonly #run: SupervisedRun;
  #stuck: Stuck | undefined;
  #failure: Error | undefined;
  #epoch: number | undefined;
  #events = 0;
  #commits = 0;

  constructor(scope: RunScope, options: RunnerOptions, listener: ModelRunListener) {
    this.model = scope.model;
    this.#scope = scope;
    this.#options = options;
    this.#listener = listener;
    this.progress.launched();
    this.#run = new SupervisedRun(scope, {
      stuckAfterMs: options.stuckAfterMs,
      on: (event) => this.#on(event),
      onFailure: (error) => this.#onFailure(error),
    });
  }

  /** Resolves when the replay has begun, or the first try to begin it has failed. */
  get begun(): Promise<void> {
    return this.#run.begun;
  }

  /** Why it has ended by itself; undefined while it works, and when another owner has taken over. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The epoch of its checkpoint; undefined until it is claimed. */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  /** Events that were replayed. */
  get events(): number {
    return this.#events;
  }

  /** Commits that were replayed. */
  get commits(): number {
    return this.#commits;
  }

  /** Ends after the transaction in progress; one that takes too long is left alone. */
  async stop(): Promise<void> {
    const { stopTimeoutMs: timeoutMs } = this.#options;
    const run = this.#run;
    if (run.isOver) return;
    run.stop();
    if (await settledWithin(run.ended, timeoutMs)) return;
    run.abandon();
    const what = this.#stuck?.what ?? 'the transaction in progress';
    const then = 'it is left alone, and rolled back when it returns';
    this.#options.onError(this.#stuckError({ what, timeoutMs, then }));
  }

  #on(event: RunEvent): void {
    this.progress.on(event);
    if (event.kind === 'began') this.#epoch = event.checkpoint.epoch;
    if (event.kind === 'stuck') this.#onStuck(event.stuck);
    if (event.kind === 'resumed') this.#stuck = undefined;
    if (event.kind === 'delayed') this.#options.onError(event.error);
    if (event.kind === 'applied') {
      this.#commits += event.commits.length;
      for (const { events } of event.commits) this.#events += events.length;
    }
    this.#listener.onEvent(event);
  }

  #onFailure(error: Error): void {
    if (!(error instanceof Fenced)) {
      this.#failure = error;
      this.progress.failed(error);
      this.#options.onError(error);
    }
    this.#listener.onEnd();
  }

  #onStuck(stuck: Stuck): void {
    this.#stuck = stuck;
    const timeoutMs = Math.round(Date.now() - stuck.since.getTime());
    const error = this.#stuckError({ what: stuck.what, timeoutMs });
    this.progress.stuck(stuck.since, error);
    this.#options.onError(error);
  }

  #stuckError(details: { what: string; timeoutMs: number; then?: string }): ProjectionStuckError {
    const { name, version } = this.#scope.definition;
    return new ProjectionStuckError({ projection: name, version, ...details });
  }
}
