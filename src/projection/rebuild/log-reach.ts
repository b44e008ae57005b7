import { parsePosition } from '../../event/position.js';
import type { RebuildStart } from './rebuild-options.js';

/**
 * The last sequence that the log must have for a replay to begin at that start. In a shorter log the events
 * appended next would be skipped. The end of the log is a valid start: nothing is skipped then.
 */
export function logReachFor(start: RebuildStart): number {
  if ('time' in start) return 0;
  if ('sequence' in start) return start.sequence - 1;
  const { sequence, index } = parsePosition(start.position);
  return index === 0 ? sequence - 1 : sequence;
}
