import { comparePositions, type Position } from '../../event/position.js';
import { SLOTS } from '../../event/slot.js';
import { type LanePart, overlappedLanes, slotsOfLane } from '../../lane/lane-slots.js';
import type { Checkpoint } from '../store/checkpoint.js';
import type { RebuildStart } from '../start/rebuild-start.js';
import type { ModelId } from '../store/model-id.js';

/** What the checkpoints of a model without any event have in common. */
export interface FirstCheckpoints {
  readonly lanes: number;
  readonly storeIdentity: string;
  /** Undefined: the beginning of the log. */
  readonly start: RebuildStart | undefined;
  /** Higher than that of any owner before. */
  readonly epoch: number;
}

/** The checkpoints of a model without any event. */
export function firstCheckpoints(model: ModelId, first: FirstCheckpoints): Checkpoint[] {
  const { projection, version, build } = model;
  return Array.from({ length: first.lanes }, (_, lane) => ({
    ...first,
    projection,
    version,
    build,
    lane,
    position: undefined,
    commitId: undefined,
    earlier: undefined,
    caughtUp: false,
    ahead: undefined,
  }));
}

/**
 * The checkpoints of a model after a change of its number of lanes. Each lane begins at the lowest checkpoint
 * of the lanes that had its slots, and skips in each slot what the model holds already.
 *
 * @param old The checkpoints of all lanes, by lane.
 */
export function divideAgain(old: readonly Checkpoint[], lanes: number): Checkpoint[] {
  const epoch = Math.max(...old.map((checkpoint) => checkpoint.epoch)) + 1;
  return Array.from({ length: lanes }, (_, lane) => {
    const slots = slotsOfLane({ lane, lanes });
    const sources = overlappedLanes({ lane, lanes }, old.length).map((index) => old[index] as Checkpoint);
    const lowest = sources.toSorted(byPosition)[0] as Checkpoint;
    const caughtUp = sources.every((source) => source.caughtUp);
    return { ...lowest, lane, lanes, epoch, caughtUp, ahead: aheadOf(lowest, { slots, sources }) };
  });
}

function slotsOf({ lane, lanes }: Checkpoint): readonly number[] {
  return slotsOfLane({ lane, lanes });
}

/** How far the model is in the slots of which it holds more than the lowest checkpoint says. */
function aheadOf(
  { position }: Checkpoint,
  { slots, sources }: { readonly slots: readonly number[]; readonly sources: readonly Checkpoint[] },
): Checkpoint['ahead'] {
  const ahead: Record<number, Position> = {};
  for (const slot of slots) {
    const source = sources.find((each) => slotsOf(each).includes(slot));
    const upTo = source && furthest(source.position, source.ahead?.[slot]);
    if (upTo === undefined) continue;
    if (position === undefined || comparePositions(upTo, position) > 0) ahead[slot] = upTo;
  }
  return Object.keys(ahead).length === 0 ? undefined : ahead;
}

function furthest(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return comparePositions(a, b) >= 0 ? a : b;
}

function byPosition(a: Checkpoint, b: Checkpoint): number {
  if (a.position === undefined || b.position === undefined) {
    return Number(a.position !== undefined) - Number(b.position !== undefined);
  }
  return comparePositions(a.position, b.position);
}

/** The slots that a lane reads; undefined for the only lane, which needs no filter. */
export function slotsToRead(part: LanePart): readonly number[] | undefined {
  return part.lanes === 1 ? undefined : slotsOfLane(part);
}

/** Whether a list of checkpoints has all lanes of one layout. */
export function isWholeLayout(checkpoints: readonly Checkpoint[], lanes: number): boolean {
  return lanes <= SLOTS && checkpoints.length === lanes && checkpoints.every((each) => each.lanes === lanes);
}
