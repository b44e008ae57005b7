import type { EventStore } from '../../event-store/event-store.js';
import { Backoff } from '../../kernel/backoff.js';
import type { Semaphore } from '../../kernel/semaphore.js';
import { Wakeup } from '../../kernel/wakeup.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import type { LaneReport, RebuildReport } from '../progress/lane-report.js';
import { ProjectionFailedError, ProjectionStuckError } from '../projection-errors.js';
import { isFinal } from '../run/retries.js';
import { ProjectionProgress } from '../progress/projection-progress.js';
import type { ReplayLimits } from '../run/replay-pace.js';
import type { RunEvent } from '../run/run-event.js';
import { isSameModel, type ModelId } from '../store/model-id.js';
import { parsePosition, type Position } from '../../event/position.js';
import { hasReached } from '../progress/lane-view.js';
import { hasNothingAfter } from './idle-lane.js';
import { currentModels, type CurrentModels } from './current-models.js';
import { ModelRun } from './model-run.js';
import type { RunnerOptions } from './runner-options.js';

/** Pauses before a checkpoint is claimed again that another owner has taken, in milliseconds. */
const FENCED_MS = { first: 50, longest: 2_000 };
/** Pauses before a database is asked again for its models, in milliseconds. */
const DELAYED_MS = { first: 50, longest: 2_000 };

/** What the lanes of a projection in this process share. */
export interface LaneContext {
  readonly definition: ProjectionDefinition;
  readonly store: EventStore;
  readonly options: RunnerOptions;
  /** Bounds the rebuilds of the process. */
  readonly rebuilds: Semaphore;
  /** How fast rebuilds go. */
  readonly limits: () => ReplayLimits;
  /** Called after readers were given another model. */
  readonly onServed: () => void;
  /** Called after anything has changed. */
  readonly onChange: () => void;
}

/**
 * A lane of a projection in this process. While the process owns it, it runs the model that readers see, and a
 * rebuild beside that one.
 */
export class ProjectionLane {
  readonly lane: number;
  readonly #context: LaneContext;
  readonly #changed = new Wakeup();
  readonly #runs = new Map<number, ModelRun>();
  /** Rebuilds that wait until others of the process are done, or were let in, by their build. */
  readonly #places = new Map<number, AbortController>();
  /** While nothing runs. */
  readonly #resting = new ProjectionProgress();
  readonly #fenced = new Backoff(FENCED_MS.first, FENCED_MS.longest);
  /** Runs of models that are to be run again. */
  readonly #ending = new Set<ModelRun>();
  #models: CurrentModels | undefined;
  #isOwned = false;
  #isPaused = false;
  #isConfirming = false;
  /** Whether something has changed since the runs were brought in line with it. */
  #isDirty = false;
  #hasClaimed = false;
  readonly #hasBegun = new Wakeup();
  readonly #idle = new Wakeup();
  readonly #settled = new Wakeup();
  #hasCaughtUp = false;

  constructor(lane: number, context: LaneContext) {
    this.lane = lane;
    this.#context = context;
  }

  /** Of the model that readers see, or will see. */
  get progress(): ProjectionProgress {
    return this.#mainRun?.progress ?? this.#resting;
  }

  get #mainRun(): ModelRun | undefined {
    return this.#models && this.#runs.get(this.#models.main.build);
  }

  /** Whether this process owns it. */
  get isOwned(): boolean {
    return this.#isOwned;
  }

  /** Whether readers see its model; undefined while it is not known. */
  get isServing(): boolean | undefined {
    return this.#models?.isServing;
  }

  /** The run of a rebuild beside the model that readers see. */
  get rebuild(): ModelRun | undefined {
    const model = this.#models?.rebuild;
    return model && this.#runs.get(model.build);
  }

  /** The run of a model; undefined while it has none. */
  runOf(model: ModelId): ModelRun | undefined {
    const run = this.#runs.get(model.build);
    return run !== undefined && isSameModel(run.model, model) ? run : undefined;
  }

  report(): LaneReport {
    return { lane: this.lane, ...this.progress.report(), rebuild: this.#rebuildReport() };
  }

  /** Resolves when the replay has begun, or the first try to begin it has failed. */
  async begun(signal?: AbortSignal): Promise<void> {
    while (this.#isOwned && !this.#isPaused) {
      const run = this.#mainRun;
      if (run !== undefined) return run.begun;
      if (this.progress.error !== undefined) return;
      if ((await this.#hasBegun.wait({ signal })) === 'aborted') return;
    }
  }

  /** Whether the model that readers see has once reached the end of the log since the lane runs. */
  get hasCaughtUp(): boolean {
    return this.#hasCaughtUp;
  }

  /** Resolves when the model has reached the end of the log, or cannot. */
  async caughtUp(signal?: AbortSignal): Promise<void> {
    while (this.#isOwned && !this.#isPaused && !this.#hasCaughtUp && this.#mainRun?.failure === undefined) {
      if ((await this.#settled.wait({ signal })) === 'aborted') return;
    }
  }

  /** Resolves when nothing of it runs. */
  async ended(): Promise<void> {
    while (this.#isOwned && this.#runs.size > 0) await this.#idle.wait();
  }

  /** Runs the lane until the signal aborts. Never rejects: what fails is kept, and told. */
  async run(signal: AbortSignal): Promise<void> {
    this.#isOwned = true;
    this.#resting.launched();
    try {
      while (!signal.aborted) {
        this.#isDirty = false;
        await this.#align(signal);
        this.#hasBegun.wake();
        if (!this.#isDirty) await this.#changed.wait({ signal });
      }
    } finally {
      await this.#endAll();
      this.#models = undefined;
      this.#isOwned = false;
      this.#hasCaughtUp = false;
      this.#settled.wake();
      this.#resting.stoodBy();
      this.#hasBegun.wake();
      this.#idle.wake();
      this.#context.onChange();
    }
  }

  /** What is to be built may have changed. */
  refresh(): void {
    this.#isDirty = true;
    this.#changed.wake();
  }

  /** Starts again what has failed. */
  restart(): void {
    for (const [build, run] of this.#runs) if (run.failure !== undefined) this.#remove(build);
    if (this.#resting.state === 'failed') this.#resting.launched();
    this.refresh();
  }

  /** Runs a model from its checkpoint, which somebody has changed. */
  runAgain(model: ModelId): void {
    const run = this.runOf(model);
    if (run !== undefined) {
      if (run === this.#mainRun) this.#hasCaughtUp = false;
      this.#remove(model.build);
      this.#ending.add(run);
    }
    this.restart();
  }

  /**
   * Looks whether the log holds anything of the lane up to a position: of several lanes, only one is told of an
   * event. Never rejects.
   */
  async confirm(position: Position): Promise<void> {
    const { progress } = this;
    const report = this.report();
    if (this.#isConfirming || report.state !== 'live' || hasReached(report, position)) return;
    this.#isConfirming = true;
    try {
      // before the look: what is stored after it is not proved
      const end = await this.#context.store.lastSequence();
      const isIdle = await hasNothingAfter(report, { ...this.#context, lane: this.lane });
      if (isIdle && progress === this.progress)
        progress.idleUpTo(report.position, Math.min(end, parsePosition(position).sequence));
    } catch {
      // a log that does not answer: whoever waits asks again
    } finally {
      this.#isConfirming = false;
    }
    this.#context.onChange();
  }

  /** Stands still until {@link resume}. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.refresh();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#resting.launched();
    this.refresh();
  }

  /** Brings the runs in line with what is to be built. */
  async #align(signal: AbortSignal): Promise<void> {
    if (this.#isPaused) {
      await this.#endAll();
      this.#resting.paused();
      this.#idle.wake();
      this.#context.onChange();
      return;
    }
    const models = await this.#findModels(signal);
    if (models === undefined) return;
    this.#models = models;
    await this.#endReplaced();
    for (const [build, run] of this.#runs) {
      const stored = models.epochs.get(build);
      const isCurrent = build === models.main.build || build === models.rebuild?.build;
      // a lower one was read before the run has claimed its checkpoint
      const isClaimed = run.epoch === undefined || (stored !== undefined && stored <= run.epoch);
      if (isCurrent && isClaimed) continue;
      // its model is gone, or somebody has emptied it
      this.#remove(build);
      await run.stop();
    }
    if (!this.#runs.has(models.main.build)) this.#launch(models.main);
    if (models.rebuild !== undefined) this.#launchInTurn(models.rebuild);
  }

  /** Asks the database until it answers. Undefined when the signal aborts before. */
  async #findModels(signal: AbortSignal): Promise<CurrentModels | undefined> {
    const backoff = new Backoff(DELAYED_MS.first, DELAYED_MS.longest);
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        return await this.#askModels();
      } catch (error) {
        if (isFinal(error)) return this.#failed(error as Error);
        if (isFirst) this.#delayed(error as Error);
        await this.#changed.wait({ timeoutMs: backoff.next(), signal });
      }
    }
    return undefined;
  }

  /** A database that does not answer is told. */
  async #askModels(): Promise<CurrentModels> {
    const { definition, options } = this.#context;
    const silence = setTimeout(() => this.#delayed(this.#hanging()), options.stuckAfterMs);
    try {
      return await currentModels(definition, this.lane);
    } finally {
      clearTimeout(silence);
    }
  }

  #hanging(): ProjectionStuckError {
    const { definition, options } = this.#context;
    const { name: projection, version } = definition;
    const what = 'the query of its models';
    return new ProjectionStuckError({ projection, version, what, timeoutMs: options.stuckAfterMs });
  }

  /** Waiting does not help: until somebody starts it again. */
  #failed(cause: Error): undefined {
    const { name: projection, version } = this.#context.definition;
    const error = new ProjectionFailedError({ projection, version, reason: cause.message }, { cause });
    this.#resting.failed(error);
    this.#context.options.onError(error);
    this.#hasBegun.wake();
    this.#settled.wake();
    this.#context.onChange();
    return undefined;
  }

  #delayed(error: Error): void {
    this.#resting.on({ kind: 'delayed', error });
    this.#context.options.onError(error);
    this.#hasBegun.wake();
    this.#context.onChange();
  }

  /** Rebuilds wait for each other, so that they leave room for the models that readers see. */
  #launchInTurn(model: ModelId): void {
    const { build } = model;
    if (this.#runs.has(build) || this.#places.has(build)) return;
    const place = new AbortController();
    this.#places.set(build, place);
    void this.#context.rebuilds.run(async () => {
      if (place.signal.aborted) return;
      this.#launch(model);
      await new Wakeup().wait({ signal: place.signal });
    });
  }

  #remove(build: number): void {
    this.#runs.delete(build);
    this.#giveUpPlace(build);
  }

  #giveUpPlace(build: number): void {
    this.#places.get(build)?.abort();
    this.#places.delete(build);
  }

  #launch(model: ModelId): void {
    const { definition, store, options, limits } = this.#context;
    const scope = {
      definition,
      store,
      model,
      lane: this.lane,
      mayDivide: !this.#hasClaimed,
      isServing: () => this.#isServing(model),
      limits: limits(),
    };
    const run = new ModelRun(scope, options, {
      onEvent: (event) => this.#onEvent(run, event),
      onEnd: () => this.#onEnd(run),
    });
    this.#runs.set(model.build, run);
  }

  #isServing(model: ModelId): boolean {
    return this.#models !== undefined && this.#models.isServing && isSameModel(this.#models.main, model);
  }

  #onEvent(run: ModelRun, event: RunEvent): void {
    if (event.kind === 'began') {
      this.#hasClaimed = true;
      this.#fenced.reset();
    }
    if (event.kind === 'batch-done' && event.caughtUp) {
      this.#giveUpPlace(run.model.build);
      this.#hasCaughtUp ||= run === this.#mainRun;
      this.#settled.wake();
    }
    if (event.kind === 'caught-up' && event.isServed) this.#context.onServed();
    this.#context.onChange();
  }

  /** Another owner has taken over, or the run has failed. The lease says whether to claim again. */
  #onEnd(run: ModelRun): void {
    this.#giveUpPlace(run.model.build);
    this.#settled.wake();
    if (run.failure === undefined && this.#runs.get(run.model.build) === run) {
      this.#runs.delete(run.model.build);
      this.#resting.launched();
      setTimeout(() => this.refresh(), this.#fenced.next()).unref();
    }
    this.#context.onChange();
  }

  async #endReplaced(): Promise<void> {
    const runs = [...this.#ending];
    this.#ending.clear();
    await Promise.all(runs.map(async (run) => run.stop()));
  }

  async #endAll(): Promise<void> {
    await this.#endReplaced();
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    for (const build of this.#places.keys()) this.#giveUpPlace(build);
    await Promise.all(runs.map(async (run) => run.stop()));
  }

  #rebuildReport(): RebuildReport | undefined {
    const run = this.rebuild;
    if (run === undefined) return undefined;
    const { state, position, pending, eventsPerSecond, error } = run.progress.report();
    const { events, commits, model } = run;
    return { build: model.build, state, events, commits, position, pending, eventsPerSecond, error };
  }
}
