import { total } from '../../kernel/total.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import type { LaneView } from '../progress/lane-view.js';
import { ProjectionFailedError } from '../projection-errors.js';
import { buildStateOf } from '../rebuild/is-built.js';
import { Rebuild, type ReplayedSoFar } from '../rebuild/rebuild.js';
import type { RebuildOptions } from '../rebuild/rebuild-options.js';
import type { ModelId } from '../store/model-id.js';
import type { ModelRun } from './model-run.js';
import type { ProjectionLane } from './projection-lane.js';

/** The rebuilds of a projection that somebody in this process waits for. */
export class Rebuilds {
  readonly #definition: ProjectionDefinition;
  readonly #lanes: readonly ProjectionLane[];
  readonly #open = new Set<Rebuild>();

  constructor(definition: ProjectionDefinition, lanes: readonly ProjectionLane[]) {
    this.#definition = definition;
    this.#lanes = lanes;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** A rebuild that begins, in place of those before it. */
  add(model: ModelId, onProgress: RebuildOptions['onProgress']): Rebuild {
    this.fail(this.#failure('another rebuild took the place of this one'));
    const rebuild = new Rebuild(model, onProgress);
    this.#open.add(rebuild);
    return rebuild;
  }

  fail(reason: Error): void {
    for (const rebuild of this.#open) this.#end(rebuild, reason);
  }

  /** To be called after each change of a lane: ends those that are over. */
  settle(views: readonly LaneView[]): void {
    for (const rebuild of this.#open) this.#settle(rebuild, views);
  }

  #settle(rebuild: Rebuild, views: readonly LaneView[]): void {
    const { model } = rebuild;
    const runs = this.#lanes.map((lane) => lane.runOf(model)).filter((run) => run !== undefined);
    rebuild.advance(replayedBy(runs));
    const failed = runs.find((run) => run.failure !== undefined);
    const failure = failed?.failure ?? this.#failureElsewhere(model, views);
    if (failure !== undefined) return this.#end(rebuild, failure);
    const owned = this.#lanes.filter(({ isOwned }) => isOwned);
    const isOver = owned.every((lane) => (lane.runOf(model)?.progress.state ?? 'live') === 'live');
    if (isOver) void this.#completeIfBuilt(rebuild);
  }

  #end(rebuild: Rebuild, failure: Error): void {
    if (this.#open.delete(rebuild)) rebuild.fail(failure);
  }

  async #completeIfBuilt(rebuild: Rebuild): Promise<void> {
    if (!rebuild.maySearch()) return;
    try {
      const state = await buildStateOf(this.#definition, rebuild.model);
      if (state === 'gone') return this.#end(rebuild, this.#failure('its rebuild was cancelled'));
      if (state === 'built' && this.#open.delete(rebuild)) rebuild.complete();
    } catch {
      // a database that is down: asked again after the next change
    }
  }

  /** In another process. There a rebuild in place fails with its model, and beside one by itself. */
  #failureElsewhere(model: ModelId, views: readonly LaneView[]): Error | undefined {
    for (const { report, owner } of views) {
      const { rebuild, lane } = report;
      if (rebuild?.build !== model.build || owner?.isOwn === true) continue;
      if (rebuild.state !== 'failed' && rebuild.state !== 'diverged') continue;
      return this.#failure(`lane ${lane} of the rebuild: ${rebuild.error?.message ?? rebuild.state}`);
    }
    return undefined;
  }

  #failure(reason: string): ProjectionFailedError {
    const { name, version } = this.#definition;
    return new ProjectionFailedError({ projection: name, version, reason });
  }
}

function replayedBy(runs: readonly ModelRun[]): ReplayedSoFar {
  const reports = runs.map(({ progress }) => progress.report());
  return {
    events: runs.reduce((sum, { events }) => sum + events, 0),
    commits: runs.reduce((sum, { commits }) => sum + commits, 0),
    position: reports.map(({ position }) => position).find((position) => position !== undefined),
    pending: total(reports.map(({ pending }) => pending)),
  };
}
