import { ProjectionRun, type RunScope } from '../run/projection-run.js';
import type { RunEvent, RunListener } from '../run/run-event.js';

/** The listeners of a run and of its failure. None of these may throw. */
export interface RunSupervisor extends RunListener {
  /** The run has ended with an error; called before `begun` and `ended` resolve. */
  onFailure(error: Error): void;
}

/** A run in progress, with what one can wait for: that it has begun, and that it has ended. */
export class SupervisedRun implements RunListener {
  readonly #run: ProjectionRun;
  readonly #supervisor: RunSupervisor;
  readonly stuckAfterMs: number | undefined;
  #isAbandoned = false;
  /** Resolves when the replay has begun, or the first try to begin it has failed. */
  readonly begun: Promise<void>;
  /** Resolves when the run has ended, however it did. */
  readonly ended: Promise<void>;
  #settleBegun: () => void = () => undefined;
  #isOver = false;

  constructor(scope: RunScope, supervisor: RunSupervisor) {
    this.#supervisor = supervisor;
    this.stuckAfterMs = supervisor.stuckAfterMs;
    this.#run = new ProjectionRun(scope, this);
    this.begun = new Promise((resolve) => (this.#settleBegun = resolve));
    this.ended = this.#work();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends it after the transaction in progress; {@link ended} resolves then. */
  stop(): void {
    this.#run.stop();
  }

  /** Nobody waits for it any more, and nothing that it does from here on is told. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#isOver = true;
    this.#settleBegun();
    this.#run.abandon();
  }

  on(event: RunEvent): void {
    if (this.#isAbandoned) return;
    this.#supervisor.on(event);
    if (event.kind === 'began' || event.kind === 'delayed') this.#settleBegun();
  }

  async #work(): Promise<void> {
    try {
      await this.#run.work();
    } catch (error) {
      if (!this.#isAbandoned) this.#supervisor.onFailure(error as Error);
    } finally {
      this.#isOver = true;
      this.#settleBegun();
    }
  }
}
