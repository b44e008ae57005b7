import type { Position } from '../../event/position.js';
import type { LaneMember, LaneOwner } from '../../lane/lane-status.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { combinedStatus } from '../progress/combined-status.js';
import type { LaneReport } from '../progress/lane-report.js';
import { laneReportIn } from '../progress/member-report.js';
import { failureOf, hasReached, type LaneView } from '../progress/lane-view.js';
import type { ProjectionOwner, ProjectionStatus } from '../projection-status.js';
import type { ProjectionLane } from './projection-lane.js';

/** How long a told report is newer than what is heard with each renewal of an owner, in milliseconds. */
const FRESH_MS = 2_000;

/** How a lane is, as its owner told when it was asked. */
interface ToldReport {
  readonly report: LaneReport;
  readonly at: number;
}

/** How the lanes of a projection are: those of this process, and those of others by what they say. */
export class LaneViews {
  readonly #definition: ProjectionDefinition;
  readonly #lanes: readonly ProjectionLane[];
  #work = '';
  #owners: ReadonlyMap<number, LaneMember> = new Map();
  /** What owners have told when they were asked, by lane: fresher than what was heard of them. */
  readonly #told = new Map<number, ToldReport>();
  /** Of lanes that nobody has. */
  #resting: 'idle' | 'standby' | 'stopped' = 'idle';

  constructor(definition: ProjectionDefinition, lanes: readonly ProjectionLane[]) {
    this.#definition = definition;
    this.#lanes = lanes;
  }

  all(): LaneView[] {
    return this.#lanes.map((lane) => this.#view(lane));
  }

  status(): ProjectionStatus {
    const isServing = this.#lanes.map((lane) => lane.isServing).find((known) => known !== undefined);
    return combinedStatus(this.#definition, this.all(), isServing);
  }

  /** How far it is, for people. */
  describe(): string {
    const { state, position, pending } = this.status();
    const lag = pending === undefined || pending === 0 ? '' : `, with ${pending} commits to go`;
    return `it is ${state} at ${position ?? 'the beginning'}${lag}`;
  }

  hasReached(position: Position): boolean {
    return this.all().every(({ report }) => hasReached(report, position));
  }

  isLive(): boolean {
    return this.all().every(({ report }) => report.state === 'live');
  }

  /** Why a lane does not go on; undefined while all do. */
  failure(): Error | undefined {
    return this.all()
      .map((view) => failureOf(view, this.#definition))
      .find((failure) => failure !== undefined);
  }

  started(): void {
    this.#resting = 'standby';
  }

  stopped(): void {
    this.#resting = 'stopped';
    this.#owners = new Map();
    this.#told.clear();
  }

  /**
   * Who has the lanes, and what they say of them.
   *
   * @param work Name under which the lanes are shared.
   */
  heard(lanes: readonly LaneOwner[], work: string): void {
    this.#work = work;
    const owners = new Map<number, LaneMember>();
    for (const { lane, owner } of lanes) if (owner !== undefined) owners.set(lane, owner);
    for (const [lane, { at }] of this.#told) {
      const isOther = owners.get(lane)?.id !== this.#owners.get(lane)?.id;
      if (isOther || performance.now() - at > FRESH_MS) this.#told.delete(lane);
    }
    this.#owners = owners;
  }

  /** Owners have told how their lanes are. */
  told(lanes: readonly LaneReport[]): void {
    const at = performance.now();
    for (const report of lanes) this.#told.set(report.lane, { report, at });
  }

  #view(lane: ProjectionLane): LaneView {
    const holder = this.#owners.get(lane.lane);
    const owner = holder && ownerOf(holder);
    if (lane.isOwned) return { owner, report: lane.report(), error: lane.progress.error };
    const isOther = holder?.isSelf === false;
    const heard = isOther ? laneReportIn(holder.report, this.#work, lane.lane) : undefined;
    const report = this.#told.get(lane.lane)?.report ?? heard ?? { ...lane.report(), state: this.#resting };
    return { owner, report, error: undefined };
  }
}

function ownerOf({ id, host, pid, isSelf }: LaneMember): ProjectionOwner {
  return { member: id, host, pid, isOwn: isSelf };
}
