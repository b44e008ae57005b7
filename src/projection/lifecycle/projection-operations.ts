import type { Position } from '../../event/position.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { type Control, type ControlRequest, NO_CONTROL } from '../operation/control-record.js';
import type { Controls } from '../operation/controls.js';
import { WatchedOperations } from '../operation/watched-operations.js';
import { redrive, type RedriveResult, unpark } from '../parking/redrive.js';
import { ProjectionBusyError } from '../projection-errors.js';
import type { ProjectionState } from '../projection-status.js';
import { emptyModel, type RebuildRequest } from '../rebuild/begin-rebuild.js';
import { checkRebuildOptions, requireWithinLog } from '../rebuild/check-rebuild-options.js';
import type { RebuildOptions } from '../rebuild/rebuild-options.js';
import { dropRebuild } from '../rebuild/cancel-rebuild.js';
import { decodeStart } from '../start/start-text.js';
import type { ModelId } from '../store/model-id.js';
import type { ModelTable } from '../store/model-table.js';
import type { ParkedEvent } from '../store/parked-table.js';
import type { ProjectionStore } from '../store/projection-store.js';
import { buildStateOf } from '../rebuild/is-built.js';
import { projectionOfWork } from '../progress/lane-report.js';
import { readLaneView } from '../../lane/lane-view.js';
import { currentModels } from './current-models.js';
import type { LaneViews } from './lane-views.js';
import type { ProjectionLane } from './projection-lane.js';

/** States in which a lane writes its model. */
const IS_RUNNING: ReadonlySet<ProjectionState> = new Set(['catching-up', 'live', 'stuck']);

/** What the operations of a projection work on. */
export interface OperationScope extends Pick<RebuildRequest, 'definition' | 'store'> {
  readonly lanes: readonly ProjectionLane[];
  readonly views: LaneViews;
  readonly controls: Controls;
  /** Told of what fails for somebody outside of this process. Must not throw. */
  readonly onError: (error: Error) => void;
  /** Rebuilds because somebody outside asks for it. */
  readonly rebuild: (options: RebuildOptions) => Promise<unknown>;
  /** Tells other processes that the control, or the models, have changed. */
  readonly tellChange: () => void;
}

/** What operators do with a projection, in this process or by way of a record that all processes read. */
export class ProjectionOperations {
  readonly #scope: OperationScope;
  readonly #watched: WatchedOperations;
  #control = NO_CONTROL;
  #revision = 0;

  constructor(scope: OperationScope) {
    this.#scope = scope;
    this.#watched = new WatchedOperations(scope.definition);
  }

  /** How the projection is to be run. */
  get control(): Control {
    return this.#control;
  }

  /** The control as it is stored, whoever has changed it. */
  controlled(control: Control, revision: number): void {
    // a list of controls may lag
    if (revision > this.#revision) this.#apply(control, revision);
    void this.#answer(this.#control.request);
  }

  /** Changes the control, and tells the other processes. */
  async change(change: (control: Control) => Control): Promise<void> {
    const { controls, definition, tellChange } = this.#scope;
    const { control, revision } = await controls.change(definition, change);
    // written by this process: newer than whatever it has read, also where the records were lost meanwhile
    this.#apply(control, revision);
    void this.#answer(control.request);
    tellChange();
  }

  async pause(): Promise<void> {
    await this.change((control) => ({ ...control, isPaused: true }));
    await Promise.all(this.#scope.lanes.map(async (lane) => lane.ended()));
  }

  async resume(): Promise<void> {
    await this.change((control) => ({ ...control, isPaused: false }));
  }

  /** Empties the model of a projection that is paused, or not started. */
  async reset(options: RebuildOptions): Promise<void> {
    const { definition, store, views } = this.#scope;
    const start = checkRebuildOptions(options);
    if (start !== undefined) await requireWithinLog(start, store);
    const running = views.all().find(({ report }) => IS_RUNNING.has(report.state));
    if (running !== undefined)
      throw this.#busy(`lane ${running.report.lane} is ${running.report.state}; pause it first`);
    await this.#requireUnowned();
    await this.#watched.run({ name: 'reset' }, async (watched) => {
      const { main } = await currentModels(definition);
      await emptyModel({ definition: watched, store, start }, main);
    });
    await this.change((control) => control);
  }

  /** A process that is not started hears of no other: the records tell who has the lanes. */
  async #requireUnowned(): Promise<void> {
    const { definition, store, controls } = this.#scope;
    if ((await controls.get(definition)).isPaused) return;
    const { leases } = await readLaneView(store.records);
    for (const { lease } of leases.values()) {
      const projection = lease && projectionOfWork(lease.work);
      const isOther = projection?.name !== definition.name || projection.version !== definition.version;
      if (isOther || lease?.member === undefined) continue;
      throw this.#busy(`a process has its lane ${lease.lane}; pause it first`);
    }
  }

  /** From then on readers see this version. */
  async serve(): Promise<void> {
    const { definition } = this.#scope;
    await this.#watched.run({ name: 'serve' }, async ({ store }) => {
      const { main } = await currentModels(definition);
      if ((await buildStateOf(definition, main)) !== 'built')
        throw this.#busy('its model has not reached the end of the log yet');
      await this.#onModels(store, async (models) => models.serve(main));
    });
    await this.change((control) => control);
  }

  /** Ends a rebuild beside the model that readers see. @returns whether there was one. */
  async cancelRebuild(): Promise<boolean> {
    const { definition } = this.#scope;
    let isCancelled = false;
    await this.#watched.run({ name: 'cancelRebuild' }, async ({ store }) =>
      this.#onModels(store, async (models) => {
        isCancelled = await dropRebuild(definition, models);
      }),
    );
    await this.change((control) => control);
    return isCancelled;
  }

  /** Removes another version of the projection with its tables. */
  async drop(version: number): Promise<void> {
    const { name } = this.#scope.definition;
    await this.#watched.run({ name: 'drop' }, async ({ store }) =>
      this.#onModels(store, async (models) => {
        const stored = (await models.list(name)).filter((model) => model.version === version);
        if (stored.some(({ state }) => state === 'serving'))
          throw this.#busy('readers see it; serve another version first', version);
        for (const model of stored) await models.drop(model);
      }),
    );
  }

  async parked(): Promise<ParkedEvent[]> {
    return this.#watched.run({ name: 'parked' }, async () => {
      const { main } = await currentModels(this.#scope.definition);
      return this.#parkedOf(main);
    });
  }

  /** @param positions @default all */
  async redrive(positions: readonly Position[] | undefined): Promise<RedriveResult[]> {
    const { definition, store } = this.#scope;
    return this.#watched.run({ name: 'redrive' }, async (watched) => {
      const { main: model } = await currentModels(definition);
      const results: RedriveResult[] = [];
      for (const event of await this.#parkedOf(model)) {
        if (positions !== undefined && !positions.includes(event.position)) continue;
        results.push(await redrive({ definition: watched, store, model }, event));
      }
      return results;
    });
  }

  /** @returns how many were parked. */
  async discard(positions: readonly Position[]): Promise<number> {
    const { definition, store } = this.#scope;
    return this.#watched.run({ name: 'discard' }, async (watched) => {
      const { main: model } = await currentModels(definition);
      let count = 0;
      for (const position of positions) {
        if (await unpark({ definition: watched, store, model }, position)) count += 1;
      }
      return count;
    });
  }

  async #parkedOf(model: ModelId): Promise<ParkedEvent[]> {
    return this.#scope.definition.store.transact(model, async ({ parked }) => parked.list(model));
  }

  #apply(control: Control, revision: number): void {
    this.#revision = revision;
    this.#control = control;
    for (const lane of this.#scope.lanes) {
      if (control.isPaused) lane.pause();
      else lane.resume();
      lane.refresh();
    }
  }

  /** Does what somebody asks from outside: only the process that owns the first lane, and once. */
  async #answer(request: ControlRequest | undefined): Promise<void> {
    if (request?.state !== 'asked' || this.#scope.lanes[0]?.isOwned !== true) return;
    const isTaken = await this.#note(request, 'asked', { state: 'taken' });
    if (!isTaken) return;
    try {
      await this.#do(request);
      await this.#note(request, 'taken', { state: 'done' });
    } catch (error) {
      this.#scope.onError(error as Error);
      await this.#note(request, 'taken', { state: 'failed', error: describeThrown(error) });
    }
  }

  async #do({ kind, from }: ControlRequest): Promise<void> {
    const start = from === undefined ? undefined : decodeStart(from);
    if (kind === 'serve') return this.serve();
    if (kind === 'reset') return this.reset({ from: start });
    if (kind === 'rebuild') return void (await this.#scope.rebuild({ from: start }));
    if (!(await this.cancelRebuild()))
      throw this.#busy('it has no rebuild beside the model that readers see');
  }

  /** @returns whether the request was in that state, and is in the next one now. */
  async #note(
    { id }: ControlRequest,
    before: ControlRequest['state'],
    after: Pick<ControlRequest, 'state' | 'error'>,
  ): Promise<boolean> {
    let isNoted = false;
    try {
      await this.change((control) => {
        const { request } = control;
        isNoted = request?.id === id && request.state === before;
        return isNoted && request !== undefined ? { ...control, request: { ...request, ...after } } : control;
      });
    } catch (error) {
      this.#scope.onError(error as Error);
      return false;
    }
    return isNoted;
  }

  async #onModels(
    store: ProjectionStore<unknown>,
    work: (models: ModelTable) => Promise<void>,
  ): Promise<void> {
    await store.transact(undefined, async ({ models }) => {
      if (models !== undefined) return work(models);
      const allowed = 'one that keeps models side by side, such as postgresProjectionStore(…)';
      const given = this.#scope.definition.store;
      throw new InvalidOptionError({ option: 'projection.store', given, allowed });
    });
  }

  #busy(reason: string, version = this.#scope.definition.version): ProjectionBusyError {
    return new ProjectionBusyError({ projection: this.#scope.definition.name, version, reason });
  }
}
