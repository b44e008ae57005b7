import type { Position } from '../../event/position.js';
import type { EventStore } from '../../event-store/event-store.js';
import { abortable } from '../../kernel/abortable.js';
import { guardedObserver } from '../../kernel/guarded-observer.js';
import type { Semaphore } from '../../kernel/semaphore.js';
import type { LaneOwner } from '../../lane/lane-status.js';
import type { LaneWork } from '../../lane/lane-work.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import type { Controls } from '../operation/controls.js';
import { WatchedOperations } from '../operation/watched-operations.js';
import { ASK_AGAIN_MS, type LaneQuestion } from '../operation/progress-talk.js';
import { type LaneReport, workName } from '../progress/lane-report.js';
import { ProjectionWaits } from '../progress/projection-waits.js';
import type { WaitForOptions, WaitUntilLiveOptions } from '../progress/wait-for-options.js';
import { ProjectionFailedError, ProjectionNotReadyError } from '../projection-errors.js';
import type { ProjectionState, ProjectionStatus } from '../projection-status.js';
import { emptyModel, joinOrBegin, type RebuildRequest, rebuildTarget } from '../rebuild/begin-rebuild.js';
import { checkRebuildOptions, requireWithinLog } from '../rebuild/check-rebuild-options.js';
import type { RebuildOptions, RebuildResult } from '../rebuild/rebuild-options.js';
import { isSameModel, type ModelId } from '../store/model-id.js';
import { currentModels } from './current-models.js';
import { LaneViews } from './lane-views.js';
import { ProjectionLane } from './projection-lane.js';
import { ProjectionOperations } from './projection-operations.js';
import { Rebuilds } from './rebuilds.js';
import type { RunnerOptions } from './runner-options.js';

/** A lane in one of these states stands still. */
const IS_HALTED: ReadonlySet<ProjectionState> = new Set(['failed', 'diverged', 'paused', 'stuck']);

/** By which a runner reaches those of other processes, while it is started. */
export interface RunnerLink {
  /** Asks the owners of its lanes to tell when they have reached a position; at once without one. */
  ask(work: string, question: LaneQuestion): void;
  /** Tells them that controls or models have changed. */
  tellChange(): void;
  /** A lane of this process has moved. */
  moved(work: string): void;
}

/** What the runners of a process share. */
export interface RunnerContext {
  readonly store: EventStore;
  readonly options: RunnerOptions;
  /** Bounds the rebuilds of the process. */
  readonly rebuilds: Semaphore;
  readonly controls: Controls;
  /**
   * Runs the lanes where they are not run.
   *
   * @param check Throws when that is not wanted any more.
   */
  readonly ensureRunning: (check: () => void) => Promise<void>;
}

/** One projection in this process: its lanes, of which the process owns some or none, and who waits for it. */
export class ProjectionRunner {
  readonly definition: ProjectionDefinition;
  /** What operators do with it. */
  readonly operations: ProjectionOperations;
  readonly #context: RunnerContext;
  readonly #lanes: readonly ProjectionLane[];
  readonly #views: LaneViews;
  readonly #waits: ProjectionWaits;
  readonly #rebuilds: Rebuilds;
  readonly #watched: WatchedOperations;
  #link: RunnerLink | undefined;
  #replicaLag: number | undefined;
  #workName: string;
  /** Why nothing happens until the next start. */
  #stopReason: Error | undefined;
  /** Aborts at the next stop: a rebuild that was asked for before it must not begin after it. */
  #untilStop = new AbortController();
  /** While its model is emptied: whoever waits is to see the rebuilt one. */
  #isEmptying = false;

  constructor(definition: ProjectionDefinition, context: RunnerContext) {
    this.definition = definition;
    this.#context = context;
    this.#workName = workName(definition, '');
    this.#lanes = this.#makeLanes();
    this.#views = new LaneViews(definition, this.#lanes);
    this.#rebuilds = new Rebuilds(definition, this.#lanes);
    this.#watched = new WatchedOperations(definition);
    this.operations = this.#makeOperations();
    this.#waits = new ProjectionWaits(definition, context.store, {
      failure: () => this.#failure(),
      hasReached: (position) => !this.#isEmptying && this.#views.hasReached(position),
      isLive: () => this.#views.isLive(),
      describe: () => this.#views.describe(),
      lag: () => this.#views.status(),
      error: () => this.status().error,
    });
  }

  status(): ProjectionStatus {
    return { ...this.#views.status(), replicaLag: this.#replicaLag };
  }

  /** Looks how far the mirror is that it reads. Never rejects. */
  async lookAtReplica(signal: AbortSignal): Promise<void> {
    const { readFrom } = this.definition;
    if (readFrom === undefined) return;
    try {
      this.#replicaLag = await this.#context.store.replicaLag(readFrom, { signal });
    } catch {
      // its replay tells what is wrong
      this.#replicaLag = undefined;
    }
  }

  /** Which of the lanes of this process stand still, and why. */
  halts(): string[] {
    const owned = this.#lanes.filter(({ isOwned }) => isOwned);
    return owned.flatMap(({ lane, progress: { state } }) => (IS_HALTED.has(state) ? `${lane} ${state}` : []));
  }

  /** What other processes are told of the lanes that this one owns. */
  reports(): LaneReport[] {
    return this.#lanes.filter(({ isOwned }) => isOwned).map((lane) => lane.report());
  }

  /** Something is wrong with what gives lanes to processes. */
  troubled(error: Error): void {
    this.#context.options.onError(error);
  }

  /** What is to be run, for whoever gives lanes to processes. */
  get work(): LaneWork {
    const { lanes } = this.definition;
    return {
      name: this.#workName,
      lanes,
      run: async (lane, signal) => this.#lanes[lane]?.run(signal),
    };
  }

  /** Its lanes are shared by the processes that use this database. */
  shareIn(database: string): void {
    this.#workName = workName(this.definition, database);
  }

  /** @param link Undefined when its lanes are not run any more. */
  linked(link: RunnerLink | undefined): void {
    this.#link = link;
  }

  /** Before its lanes are run. */
  starting(): void {
    this.#stopReason = undefined;
    this.#views.started();
    for (const lane of this.#lanes) lane.restart();
  }

  /** Resolves when each lane of this process has begun, or could not begin; a live projection has caught up. */
  async begun(signal?: AbortSignal): Promise<void> {
    const { isLive } = this.definition;
    await Promise.all(this.#lanes.map(async (lane) => (isLive ? lane.caughtUp(signal) : lane.begun(signal))));
  }

  /**
   * For live projections.
   *
   * @throws {@link ProjectionNotReadyError} or the failure when the state is not up to date.
   */
  requireReadable(): void {
    const failure = this.#failure();
    if (failure !== undefined) throw failure;
    const { name: projection, version } = this.definition;
    const { state } = this.status();
    if (state === 'paused' || !this.#lanes.every(({ hasCaughtUp }) => hasCaughtUp))
      throw new ProjectionNotReadyError({ projection, version, state });
  }

  /** Before its lanes are stopped. */
  stopping(): void {
    const { name: projection, version } = this.definition;
    const reason = new ProjectionFailedError({ projection, version, reason: 'stop() was called' });
    this.#stopReason = reason;
    this.#untilStop.abort(reason);
    this.#untilStop = new AbortController();
    this.#rebuilds.fail(reason);
    this.#waits.fail(reason);
  }

  stopped(): void {
    this.#views.stopped();
  }

  /** Who has the lanes, and what they say of them. */
  heard(lanes: readonly LaneOwner[]): void {
    this.#views.heard(lanes, this.#workName);
    this.#settle();
  }

  /** Owners have told how their lanes are. */
  told(lanes: readonly LaneReport[]): void {
    this.#views.told(lanes);
    this.#settle();
  }

  async rebuild(options: RebuildOptions): Promise<RebuildResult> {
    const { store, ensureRunning } = this.#context;
    const start = checkRebuildOptions(options);
    const untilStop = this.#untilStop.signal;
    const signals = [options.signal, untilStop];
    const throwIfAborted = (): void => {
      for (const signal of signals) signal?.throwIfAborted();
    };
    throwIfAborted();
    if (start !== undefined) await abortable(requireWithinLog(start, store), signals);
    throwIfAborted();
    const begin = { name: 'rebuild', signals };
    const { main } = await this.#watched.run(begin, async () => currentModels(this.definition));
    throwIfAborted();
    const limits = { batch: options.batch, maxEventsPerSecond: options.maxEventsPerSecond };
    await this.operations.change((control) => ({ ...control, limits }));
    throwIfAborted();
    const model = await this.#watched.run(begin, async (definition) =>
      this.#prepare({ definition, store, start }, main),
    );
    if (untilStop.aborted) this.#isEmptying = false;
    untilStop.throwIfAborted();
    const rebuild = this.#rebuilds.add(model, this.#observer(options));
    for (const lane of this.#lanes) lane.runAgain(model);
    this.#isEmptying = false;
    await ensureRunning(() => untilStop.throwIfAborted());
    await this.operations.resume();
    return rebuild.result(options.signal);
  }

  async waitFor(position: Position | undefined, options: WaitForOptions): Promise<void> {
    const isAny = options.ofAnyCategory === true;
    await this.#asking({ position, isAny }, async () => this.#waits.forPosition(position, options));
  }

  async waitUntilLive(options: WaitUntilLiveOptions): Promise<void> {
    const question = { position: undefined, isAny: false };
    await this.#asking(question, async () => this.#waits.untilLive(options));
  }

  /** What is to be built may have changed. */
  refresh(): void {
    for (const lane of this.#lanes) lane.refresh();
  }

  /**
   * Looks whether lanes of this process that stand still have anything to do up to a position. A position that
   * the only lane reads is reached by handling its event.
   */
  confirm(position: Position, isAny: boolean): void {
    if (this.#lanes.length === 1 && !isAny) return;
    for (const lane of this.#lanes) if (lane.isOwned) void lane.confirm(position);
  }

  #makeLanes(): ProjectionLane[] {
    const { store, options, rebuilds } = this.#context;
    const context = {
      definition: this.definition,
      store,
      options,
      rebuilds,
      limits: () => this.operations.control.limits,
      onServed: () => this.#link?.tellChange(),
      onChange: () => this.#moved(),
    };
    return Array.from({ length: this.definition.lanes }, (_, lane) => new ProjectionLane(lane, context));
  }

  #makeOperations(): ProjectionOperations {
    const { store, controls, options } = this.#context;
    return new ProjectionOperations({
      definition: this.definition,
      store,
      lanes: this.#lanes,
      views: this.#views,
      controls,
      onError: options.onError,
      rebuild: async (rebuild) => this.rebuild(rebuild),
      tellChange: () => this.#link?.tellChange(),
    });
  }

  /** Makes the model that is to be filled. */
  async #prepare(request: RebuildRequest, main: ModelId): Promise<ModelId> {
    const model = await rebuildTarget(request, main);
    const isBeside = !isSameModel(model, main);
    this.#isEmptying = !isBeside;
    try {
      await (isBeside ? joinOrBegin(request, model) : emptyModel(request, model));
    } catch (error) {
      this.#isEmptying = false;
      throw error;
    }
    return model;
  }

  #observer({ onProgress }: RebuildOptions): RebuildOptions['onProgress'] {
    return guardedObserver('onProgress', onProgress, (error) => this.troubled(error as Error));
  }

  #moved(): void {
    this.#link?.moved(this.#workName);
    this.#settle();
  }

  /** After each change: ends the waits that are over. */
  #settle(): void {
    // mostly nobody waits, and a batch should not cost a look at all lanes
    if (this.#waits.isEmpty && this.#rebuilds.isEmpty) return;
    this.#waits.settle();
    const failure = this.#failure();
    if (failure !== undefined) this.#waits.fail(failure);
    this.#rebuilds.settle(this.#views.all());
  }

  /** Asks the owners of lanes of other processes while somebody waits for them. */
  async #asking(question: LaneQuestion, wait: () => Promise<void>): Promise<void> {
    const { position, isAny } = question;
    const ask = (): void => {
      if (position !== undefined) this.confirm(position, isAny);
      if (this.#lanes.some(({ isOwned }) => !isOwned)) this.#link?.ask(this.#workName, question);
    };
    const timer = setInterval(ask, ASK_AGAIN_MS);
    try {
      const waiting = wait();
      ask();
      await waiting;
    } finally {
      clearInterval(timer);
    }
  }

  /** Why it does not go on; undefined while it does. */
  #failure(): Error | undefined {
    return this.#stopReason ?? this.#views.failure();
  }
}
