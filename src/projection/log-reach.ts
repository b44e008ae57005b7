import { parsePosition } from '../event/position.js';
import type { RebuildStart } from './rebuild.js';

/**
 * How far the log has to reach for a replay to begin at that start: its last sequence must be no lower, else what is appended next would
 * be skipped until the log gets there. The end of the log itself is a start: nothing is skipped then.
 */
export function logReachFor(start: RebuildStart): number {
  if ('time' in start) return 0;
  if ('sequence' in start) return start.sequence - 1;
  const { sequence, index } = parsePosition(start.position);
  return index === 0 ? sequence - 1 : sequence;
}
