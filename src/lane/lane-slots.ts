import { SLOTS } from '../event/slot.js';
import { integerOption } from '../kernel/options.js';

/** One of the lanes that a work is divided into. */
export interface LanePart {
  /** From 0. */
  readonly lane: number;
  /** The number of lanes, from 1 to 64. */
  readonly lanes: number;
}

/** From the first slot of a lane to its last one. */
interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The slots of a lane. The lanes of a work have contiguous ranges of slots that cover all 64, and differ by one
 * slot at most.
 *
 * @throws {@link InvalidOptionError} for a lane that there is not.
 */
export function slotsOfLane(part: LanePart): readonly number[] {
  const { first, last } = rangeOf(part);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/**
 * The lanes of an earlier division that share a slot with a lane.
 *
 * @param before The number of lanes of the earlier division.
 * @throws {@link InvalidOptionError} for a lane that there is not.
 */
export function overlappedLanes(part: LanePart, before: number): readonly number[] {
  const { first, last } = rangeOf(part);
  const lanes = Array.from({ length: lanesOption('before', before) }, (_, lane) => lane);
  return lanes.filter((lane) => {
    const range = rangeOf({ lane, lanes: before });
    return range.first <= last && first <= range.last;
  });
}

/** The number of lanes that an option gives. */
export function lanesOption(option: string, given: number): number {
  return integerOption(option, given, { fallback: 1, min: 1, max: SLOTS });
}

function rangeOf({ lane, lanes }: LanePart): SlotRange {
  lanesOption('lanes', lanes);
  integerOption('lane', lane, { fallback: 0, min: 0, max: lanes - 1 });
  const startOf = (index: number): number => Math.floor((index * SLOTS) / lanes);
  return { first: startOf(lane), last: startOf(lane + 1) - 1 };
}
