import { SLOTS } from '../event/slot.js';

/**
 * The slots of one of several lanes: neighbours, and each slot in one lane.
 *
 * @param lane Counted from 0.
 * @param lanes 1 to 64.
 */
export function slotsOfLane(lane: number, lanes: number): readonly number[] {
  const first = Math.floor((lane * SLOTS) / lanes);
  const end = Math.floor(((lane + 1) * SLOTS) / lanes);
  return Array.from({ length: end - first }, (_, index) => first + index);
}
