import type { Position } from '../../event/position.js';
import type { EventStore } from '../../event-store/event-store.js';
import { abortable } from '../../kernel/abortable.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { guardedObserver } from '../../kernel/guarded-observer.js';
import type { Semaphore } from '../../kernel/semaphore.js';
import type { LaneMember, LaneOwner } from '../../lane/lane-status.js';
import type { LaneWork } from '../../lane/lane-work.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { combinedStatus } from '../progress/combined-status.js';
import { laneReportIn, type LaneReport } from '../progress/lane-report.js';
import { failureOf, hasReached, type LaneView } from '../progress/lane-view.js';
import { ProjectionWaits } from '../progress/projection-waits.js';
import type { WaitForOptions } from '../progress/wait-for-options.js';
import { type Control, type ControlRequest, NO_CONTROL } from '../operation/control-record.js';
import type { Controls } from '../operation/controls.js';
import { ASK_AGAIN_MS } from '../operation/progress-talk.js';
import { ProjectionBusyError, ProjectionFailedError, ProjectionNotReadyError } from '../projection-errors.js';
import type { ProjectionOwner, ProjectionState, ProjectionStatus } from '../projection-status.js';
import { redrive, type RedriveResult, type RedriveScope, unpark } from '../parking/redrive.js';
import { emptyModel, type RebuildRequest, rebuildTarget } from '../rebuild/begin-rebuild.js';
import { checkRebuildOptions, requireWithinLog } from '../rebuild/check-rebuild-options.js';
import { decodeStart } from '../rebuild/start-text.js';
import { isBuilt } from '../rebuild/is-built.js';
import { Rebuild, type ReplayedSoFar } from '../rebuild/rebuild.js';
import type { RebuildOptions, RebuildResult } from '../rebuild/rebuild-options.js';
import { HandlerFault } from '../run/handler-fault.js';
import { isSameModel, type ModelId } from '../store/model-id.js';
import type { ModelTable } from '../store/model-table.js';
import type { ParkedEvent } from '../store/parked-table.js';
import { workName } from '../progress/work-name.js';
import { currentModels } from './current-models.js';
import { ProjectionLane } from './projection-lane.js';
import type { ModelRun } from './model-run.js';
import type { RunnerOptions } from './runner-options.js';

/** States in which a lane writes its model. */
const IS_RUNNING: ReadonlySet<ProjectionState> = new Set(['catching-up', 'live', 'stuck']);
/** How long a told report is newer than what is heard with each renewal of an owner, in milliseconds. */
const FRESH_MS = 2_000;
const REPLACED = 'another rebuild took the place of this one';

/** By which a runner reaches those of other processes, while it is started. */
export interface RunnerLink {
  /** Asks the owners of its lanes to tell when they have reached a position; at once without one. */
  ask(work: string, position: Position | undefined): void;
  /** Tells them that controls or models have changed. */
  tellChange(): void;
  /** A lane of this process has moved. */
  moved(work: string): void;
}

/** How a lane is, as its owner told when it was asked. */
interface ToldReport {
  readonly report: LaneReport;
  readonly at: number;
}

/** What the runners of a process share. */
export interface RunnerContext {
  readonly store: EventStore;
  readonly options: RunnerOptions;
  /** Bounds the rebuilds of the process. */
  readonly rebuilds: Semaphore;
  readonly controls: Controls;
}

/**
 * One projection in this process: its lanes, of which the process owns some or none, and who waits for it.
 */
export class ProjectionRunner {
  readonly definition: ProjectionDefinition;
  /** What is to be run, for whoever gives lanes to processes. */
  readonly work: LaneWork;
  readonly #store: EventStore;
  readonly #options: RunnerOptions;
  readonly #lanes: readonly ProjectionLane[];
  readonly #waits: ProjectionWaits;
  readonly #rebuilds = new Set<Rebuild>();
  #owners: ReadonlyMap<number, LaneMember> = new Map();
  #phase: 'idle' | 'standby' | 'stopped' = 'idle';
  /** Why nothing happens until the next start. */
  #stopReason: Error | undefined;
  /** Aborts at the next stop: a rebuild that was asked for before it must not begin after it. */
  #untilStop = new AbortController();
  #isEmptying = false;
  #link: RunnerLink | undefined;
  readonly #controls: Controls;
  #control = NO_CONTROL;
  #controlRevision = 0;
  /** What owners have told when they were asked, by lane: fresher than what was heard of them. */
  readonly #told = new Map<number, ToldReport>();

  constructor(definition: ProjectionDefinition, { store, options, rebuilds, controls }: RunnerContext) {
    this.definition = definition;
    this.#store = store;
    this.#options = options;
    this.#controls = controls;
    const context = {
      definition,
      store,
      options,
      rebuilds,
      limits: () => this.#control.limits,
      onChange: () => {
        this.#link?.moved(this.work.name);
        this.settle();
      },
    };
    const { name, version, lanes } = definition;
    this.#lanes = Array.from({ length: lanes }, (_, lane) => new ProjectionLane(lane, context));
    this.work = {
      name: workName({ name, version, lanes }),
      lanes,
      run: async (lane, signal) => this.#lanes[lane]?.run(signal),
    };
    this.#waits = new ProjectionWaits(definition, store, {
      failure: () => this.#failure(),
      hasReached: (position) => this.#hasReached(position),
      isLive: () => this.#views().every(({ report }) => report.state === 'live'),
      describe: () => this.#describe(),
      error: () => this.status().error,
    });
  }

  status(): ProjectionStatus {
    const isServing = this.#lanes.map((lane) => lane.isServing).find((known) => known !== undefined);
    return combinedStatus(this.definition, this.#views(), isServing);
  }

  /** What other processes are told of the lanes that this one owns. */
  reports(): LaneReport[] {
    return this.#lanes.filter(({ isOwned }) => isOwned).map((lane) => lane.report());
  }

  /** Something is wrong with what gives lanes to processes. */
  troubled(error: Error): void {
    this.#options.onError(error);
  }

  /** @param link Undefined when its lanes are not run any more. */
  linked(link: RunnerLink | undefined): void {
    this.#link = link;
  }

  /** Before its lanes are run. */
  starting(): void {
    this.#stopReason = undefined;
    this.#phase = 'standby';
    for (const lane of this.#lanes) lane.restart();
  }

  /** Resolves when each lane of this process has begun, or could not begin. */
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
    if (!this.#lanes.every(({ hasCaughtUp }) => hasCaughtUp))
      throw new ProjectionNotReadyError({ projection, version, state });
  }

  /** Before its lanes are stopped. */
  stopping(): void {
    const reason = this.#stopped('stop() was called');
    this.#stopReason = reason;
    this.#untilStop.abort(reason);
    this.#untilStop = new AbortController();
    for (const rebuild of this.#rebuilds) this.#endRebuild(rebuild, reason);
    this.#waits.fail(reason);
  }

  stopped(): void {
    this.#phase = 'stopped';
    this.#owners = new Map();
    this.#told.clear();
  }

  /** Who has the lanes, and what they say of them. */
  heard(lanes: readonly LaneOwner[]): void {
    const owners = new Map<number, LaneMember>();
    for (const { lane, owner } of lanes) if (owner !== undefined) owners.set(lane, owner);
    for (const [lane, { at }] of this.#told) {
      const isOther = owners.get(lane)?.id !== this.#owners.get(lane)?.id;
      if (isOther || performance.now() - at > FRESH_MS) this.#told.delete(lane);
    }
    this.#owners = owners;
    this.settle();
  }

  /** Owners have told how their lanes are. */
  told(lanes: readonly LaneReport[]): void {
    const at = performance.now();
    for (const report of lanes) this.#told.set(report.lane, { report, at });
    this.settle();
  }

  /** How the projection is to be run, as all processes see it. */
  controlled(control: Control, revision: number): void {
    // a list of controls may lag
    if (revision <= this.#controlRevision) return;
    this.#controlRevision = revision;
    this.#control = control;
    for (const lane of this.#lanes) {
      if (control.isPaused) lane.pause();
      else lane.resume();
      lane.refresh();
    }
    void this.#answer(control.request);
  }

  /** Does what somebody asks from outside: only the process that owns the first lane, and once. */
  async #answer(request: ControlRequest | undefined): Promise<void> {
    if (request?.state !== 'asked' || this.#lanes[0]?.isOwned !== true) return;
    const isTaken = await this.#note(request, 'asked', { state: 'taken' });
    if (!isTaken) return;
    try {
      await this.#do(request);
      await this.#note(request, 'taken', { state: 'done' });
    } catch (error) {
      this.#options.onError(error as Error);
      await this.#note(request, 'taken', { state: 'failed', error: describeThrown(error) });
    }
  }

  async #do({ kind, from }: ControlRequest): Promise<void> {
    const start = from === undefined ? undefined : decodeStart(from);
    if (kind === 'serve') return this.serve();
    if (kind === 'reset') return this.reset({ from: start });
    await this.rebuild({ from: start }, async () => undefined);
  }

  /** @returns whether the request was in that state, and is in the next one now. */
  async #note(
    { id }: ControlRequest,
    before: ControlRequest['state'],
    after: Pick<ControlRequest, 'state' | 'error'>,
  ): Promise<boolean> {
    let isNoted = false;
    try {
      await this.#change((control) => {
        const { request } = control;
        isNoted = request?.id === id && request.state === before;
        return isNoted && request !== undefined ? { ...control, request: { ...request, ...after } } : control;
      });
    } catch (error) {
      this.#options.onError(error as Error);
      return false;
    }
    return isNoted;
  }

  async pause(): Promise<void> {
    await this.#change((control) => ({ ...control, isPaused: true }));
    await Promise.all(this.#lanes.map(async (lane) => lane.ended()));
  }

  async resume(): Promise<void> {
    await this.#change((control) => ({ ...control, isPaused: false }));
  }

  /** Empties the model of a projection that is paused, or not started. */
  async reset(options: RebuildOptions): Promise<void> {
    const start = checkRebuildOptions(options);
    if (start !== undefined) await requireWithinLog(start, this.#store);
    const running = this.#views().find(({ report }) => IS_RUNNING.has(report.state));
    if (running !== undefined) {
      const { name: projection, version } = this.definition;
      const reason = `lane ${running.report.lane} is ${running.report.state}; pause it first`;
      throw new ProjectionBusyError({ projection, version, reason });
    }
    const { main } = await currentModels(this.definition);
    await this.#empty({ definition: this.definition, store: this.#store, start }, main);
    await this.#change((control) => control);
  }

  async parked(): Promise<ParkedEvent[]> {
    const { model, definition } = await this.#redriveScope();
    return definition.store.transact(model, async ({ parked }) => parked.list(model));
  }

  /** @param positions @default all */
  async redrive(positions: readonly Position[] | undefined): Promise<RedriveResult[]> {
    const scope = await this.#redriveScope();
    const results: RedriveResult[] = [];
    for (const event of await this.parked()) {
      if (positions !== undefined && !positions.includes(event.position)) continue;
      results.push(await redrive(scope, event));
    }
    return results;
  }

  /** @returns how many were parked. */
  async discard(positions: readonly Position[]): Promise<number> {
    const scope = await this.#redriveScope();
    let count = 0;
    for (const position of positions) if (await unpark(scope, position)) count += 1;
    return count;
  }

  async #redriveScope(): Promise<RedriveScope> {
    const { main: model } = await currentModels(this.definition);
    return { definition: this.definition, store: this.#store, model };
  }

  /** From then on readers see this version. */
  async serve(): Promise<void> {
    const { main } = await currentModels(this.definition);
    await this.#onModels(async (models) => models.serve(main));
    await this.#change((control) => control);
  }

  /** Removes another version of the projection with its tables. */
  async drop(version: number): Promise<void> {
    const { name } = this.definition;
    await this.#onModels(async (models) => {
      const stored = (await models.list(name)).filter((model) => model.version === version);
      if (stored.some(({ state }) => state === 'serving')) {
        const reason = 'readers see it; serve another version first';
        throw new ProjectionBusyError({ projection: name, version, reason });
      }
      for (const model of stored) await models.drop(model);
    });
  }

  /** @param ensureRunning Starts the lanes where they do not run. */
  async rebuild(options: RebuildOptions, ensureRunning: () => Promise<void>): Promise<RebuildResult> {
    const start = checkRebuildOptions(options);
    options.signal?.throwIfAborted();
    const signals = [this.#untilStop.signal, options.signal];
    if (start !== undefined) await abortable(requireWithinLog(start, this.#store), signals);
    const onProgress = guardedObserver('onProgress', options.onProgress, (error) =>
      this.#options.onError(error as Error),
    );
    const request = { definition: this.definition, store: this.#store, start };
    for (const signal of signals) signal?.throwIfAborted();
    const { main } = await currentModels(this.definition);
    for (const signal of signals) signal?.throwIfAborted();
    const limits = { batch: options.batch, maxEventsPerSecond: options.maxEventsPerSecond };
    await this.#change((control) => ({ ...control, limits }));
    const model = await this.#prepare(request, main);
    const rebuild = new Rebuild(model, onProgress);
    for (const former of this.#rebuilds) this.#endRebuild(former, this.#stopped(REPLACED));
    this.#rebuilds.add(rebuild);
    for (const lane of this.#lanes) lane.runAgain(model);
    this.#isEmptying = false;
    await ensureRunning();
    await this.#change((control) => ({ ...control, isPaused: false }));
    return rebuild.result(options.signal);
  }

  async #prepare(request: RebuildRequest, main: ModelId): Promise<ModelId> {
    const { model, isJoined } = await rebuildTarget(request, main);
    if (isJoined) return model;
    // those that wait are to see the rebuilt model
    this.#isEmptying = isSameModel(model, main);
    try {
      await this.#empty(request, model);
    } catch (error) {
      this.#isEmptying = false;
      throw error;
    }
    return model;
  }

  async #empty(request: RebuildRequest, model: ModelId): Promise<void> {
    try {
      await emptyModel(request, model);
    } catch (error) {
      throw error instanceof HandlerFault ? this.#stopped(error.message, error.cause) : error;
    }
  }

  async #onModels(work: (models: ModelTable) => Promise<void>): Promise<void> {
    await this.definition.store.transact(undefined, async ({ models }) => {
      if (models !== undefined) return work(models);
      const allowed = 'one that keeps models side by side, such as postgresProjectionStore(…)';
      throw new InvalidOptionError({ option: 'projection.store', given: this.definition.store, allowed });
    });
  }

  /** Changes the control, and tells the other processes. */
  async #change(change: (control: Control) => Control): Promise<void> {
    const { control, revision } = await this.#controls.change(this.definition, change);
    this.controlled(control, revision);
    this.#link?.tellChange();
  }

  async waitFor(position: Position | undefined, options: WaitForOptions): Promise<void> {
    await this.#asking(position, async () => this.#waits.forPosition(position, options));
  }

  /** Looks whether lanes of this process that stand still have anything to do up to a position. */
  confirm(position: Position): void {
    if (this.#lanes.length === 1) return;
    for (const lane of this.#lanes) if (lane.isOwned) void lane.confirm(position);
  }

  async waitUntilLive(options: WaitForOptions): Promise<void> {
    await this.#asking(undefined, async () => this.#waits.untilLive(options));
  }

  /** Asks the owners of lanes of other processes while somebody waits for them. */
  async #asking(position: Position | undefined, wait: () => Promise<void>): Promise<void> {
    const ask = (): void => {
      if (position !== undefined) this.confirm(position);
      if (this.#lanes.some(({ isOwned }) => !isOwned)) this.#link?.ask(this.work.name, position);
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

  /** To be called after each change: ends the waits that are over. */
  settle(): void {
    this.#waits.settle();
    const failure = this.#failure();
    if (failure !== undefined) this.#waits.fail(failure);
    for (const rebuild of this.#rebuilds) this.#settleRebuild(rebuild);
  }

  #settleRebuild(rebuild: Rebuild): void {
    const runs = this.#lanes.map((lane) => lane.runOf(rebuild.model)).filter((run) => run !== undefined);
    rebuild.advance(replayedBy(runs));
    const failure = runs.find((run) => run.failure !== undefined)?.failure ?? this.#remoteFailureOf(rebuild);
    if (failure !== undefined) return this.#endRebuild(rebuild, failure);
    const owned = this.#lanes.filter(({ isOwned }) => isOwned);
    const isLive = owned.every((lane) => lane.runOf(rebuild.model)?.progress.state === 'live');
    if (isLive) void this.#completeIfBuilt(rebuild);
  }

  #endRebuild(rebuild: Rebuild, failure: Error): void {
    if (this.#rebuilds.delete(rebuild)) rebuild.fail(failure);
  }

  async #completeIfBuilt(rebuild: Rebuild): Promise<void> {
    if (!rebuild.maySearch()) return;
    try {
      if ((await isBuilt(this.definition, rebuild.model)) && this.#rebuilds.delete(rebuild))
        rebuild.complete();
    } catch {
      // a database that is down: asked again after the next change
    }
  }

  /** A rebuild in place fails with its model, see {@link failureOf}. */
  #remoteFailureOf({ model }: Rebuild): Error | undefined {
    for (const { report, owner } of this.#views()) {
      const { rebuild, lane } = report;
      if (rebuild?.build !== model.build || owner?.isOwn === true) continue;
      if (rebuild.state !== 'failed' && rebuild.state !== 'diverged') continue;
      return this.#stopped(`lane ${lane} of the rebuild: ${rebuild.error?.message ?? rebuild.state}`);
    }
    return undefined;
  }

  #hasReached(position: Position): boolean {
    return !this.#isEmptying && this.#views().every(({ report }) => hasReached(report, position));
  }

  #views(): LaneView[] {
    return this.#lanes.map((lane) => this.#view(lane));
  }

  #view(lane: ProjectionLane): LaneView {
    const holder = this.#owners.get(lane.lane);
    const owner = holder && ownerOf(holder);
    if (lane.isOwned) return { owner, report: lane.report(), error: lane.progress.error };
    const heard =
      holder?.isSelf === false ? laneReportIn(holder.report, this.work.name, lane.lane) : undefined;
    const report = this.#told.get(lane.lane)?.report ?? heard ?? { ...lane.report(), state: this.#phase };
    return { owner, report, error: undefined };
  }

  /** Why it does not go on; undefined while it does. */
  #failure(): Error | undefined {
    if (this.#stopReason !== undefined) return this.#stopReason;
    return this.#views()
      .map((view) => failureOf(view, this.definition))
      .find((failure) => failure !== undefined);
  }

  #describe(): string {
    const { state, position, pending } = this.status();
    const lag = pending === undefined || pending === 0 ? '' : `, with ${pending} commits to go`;
    return `it is ${state} at ${position ?? 'the beginning'}${lag}`;
  }

  #stopped(reason: string, cause?: unknown): ProjectionFailedError {
    const { name, version } = this.definition;
    return new ProjectionFailedError({ projection: name, version, reason }, { cause });
  }
}

function ownerOf({ id, host, pid, isSelf }: LaneMember): ProjectionOwner {
  return { member: id, host, pid, isOwn: isSelf };
}

function replayedBy(runs: readonly ModelRun[]): ReplayedSoFar {
  const reports = runs.map(({ progress }) => progress.report());
  const pending = reports.map((report) => report.pending);
  return {
    events: runs.reduce((sum, { events }) => sum + events, 0),
    commits: runs.reduce((sum, { commits }) => sum + commits, 0),
    position: reports.map(({ position }) => position).find((position) => position !== undefined),
    pending: pending.reduce<number | undefined>(
      (sum, each) => (sum === undefined || each === undefined ? undefined : sum + each),
      0,
    ),
  };
}
