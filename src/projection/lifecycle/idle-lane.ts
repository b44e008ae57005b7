import { parsePosition } from '../../event/position.js';
import type { EventStore } from '../../event-store/event-store.js';
import { joinSignals } from '../../kernel/join-signals.js';
import { slotsToRead } from '../run/lane-layout.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import type { LaneReport } from '../progress/lane-report.js';

/** How long the log is asked, in milliseconds. */
const TIMEOUT_MS = 2_000;

/** Where a lane reads. */
export interface LanePlace {
  readonly definition: ProjectionDefinition;
  readonly store: EventStore;
  readonly lane: number;
}

/** Whether the log holds nothing of a lane after what it has read. */
export async function hasNothingAfter(
  { position, reachedSequence = 0 }: LaneReport,
  { definition, store, lane }: LanePlace,
): Promise<boolean> {
  const { categories, lanes } = definition;
  const end = new AbortController();
  const { signal, release } = joinSignals([end.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const isPast = position === undefined || reachedSequence > parsePosition(position).sequence;
  const from = isPast ? { sequence: reachedSequence + 1 } : { after: position };
  const follow = { from, categories, slots: slotsToRead({ lane, lanes }), maxBatch: 1, signal };
  try {
    for await (const { commits, caughtUp } of store.follow(follow)) return caughtUp && commits.length === 0;
    return false;
  } finally {
    end.abort();
    release();
  }
}
