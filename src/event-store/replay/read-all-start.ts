import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import { parsePosition, type Position } from '../../event/position.js';
import type { ReplayStart } from '../../log/message-log.js';
import { checkEventId } from '../read/event-id.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/** Checks that the event at the position is the one that was meant. */
export interface NamedEvent {
  /**
   * The event's id: the log may have lost its end since, and have given the position to another event.
   * @default not checked
   */
  readonly eventId?: string | undefined;
}

/**
 * Where to begin in the whole store: at an event, after one, at a sequence of the log, or at a time of the
 * server. A start beyond the end of the log is refused with {@link StartNotInLogError}; right after the end
 * is fine.
 */
export type ReadAllStart =
  | ({ readonly position: Position } & NamedEvent)
  | ({ readonly after: Position } & NamedEvent)
  | { readonly sequence: number }
  | { readonly time: Date };

/** A resolved start: where the replay begins, and how many events of the first commit are left out. */
export interface ResolvedStart {
  readonly replay: ReplayStart;
  /** Index of the first event to deliver from the commit at that sequence. */
  firstIndexOf(commit: StoredCommit): number;
}

/** A resolved start for reading backward. */
export interface ResolvedBackwardStart {
  /** Sequence of the newest commit to read; Infinity for the end. */
  readonly sequence: number;
  /** Index of the newest event to deliver from a commit. */
  lastIndexOf(commit: StoredCommit): number;
}

/** @throws {@link InvalidOptionError} when the start is invalid. */
export function resolveBackwardStart(start: ReadAllStart | undefined): ResolvedBackwardStart {
  if (start === undefined) return { sequence: Infinity, lastIndexOf: (commit) => commit.events.length - 1 };
  const { replay } = resolveStart(start);
  if (!('sequence' in replay)) throw noStart(start);
  const isPosition = 'position' in start || 'after' in start;
  const index = isPosition ? parsePosition('after' in start ? start.after : start.position).index : Infinity;
  const newest = 'after' in start ? index - 1 : index;
  return {
    sequence: replay.sequence,
    lastIndexOf: (commit) =>
      Math.min(commit.events.length - 1, commit.sequence === replay.sequence ? newest : Infinity),
  };
}

const WHOLE = (): number => 0;
/** A server counts nanoseconds in 64 bits: the year 2262. */
const LAST_TIME_MS = 9_223_372_036_854;

/** @throws {@link InvalidOptionError} when the start is invalid. */
export function resolveStart(start: ReadAllStart | undefined): ResolvedStart {
  if (start === undefined) return { replay: { sequence: 1 }, firstIndexOf: WHOLE };
  if (typeof start !== 'object' || start === null) throw noStart(start);
  if ('eventId' in start && start.eventId !== undefined) checkEventId(start.eventId);
  if ('position' in start) return atPosition(start.position, 0);
  if ('after' in start) return atPosition(start.after, 1);
  if ('sequence' in start && Number.isSafeInteger(start.sequence) && start.sequence >= 1) {
    return { replay: { sequence: start.sequence }, firstIndexOf: WHOLE };
  }
  if ('time' in start && start.time instanceof Date && !Number.isNaN(start.time.getTime()))
    return atTime(start.time);
  throw noStart(start);
}

/** A log is no older than the clocks that count from 1970: what is asked for from before is all of it. */
function atTime(time: Date): ResolvedStart {
  const from = time.getTime();
  if (from <= 0) return { replay: { sequence: 1 }, firstIndexOf: WHOLE };
  if (from > LAST_TIME_MS)
    throw new InvalidOptionError({
      option: 'from.time',
      given: time.toISOString(),
      allowed: `a time up to ${new Date(LAST_TIME_MS).toISOString()}`,
    });
  return { replay: { time }, firstIndexOf: WHOLE };
}

function noStart(given: unknown): InvalidOptionError {
  return new InvalidOptionError({
    option: 'from',
    given,
    allowed: '{ position }, { after }, { sequence } of at least 1, or { time } with a Date',
  });
}

/** Whether a commit still has events to deliver from that index on. */
export function reaches(commit: StoredCommit, index: number): boolean {
  return commit.firstVersion + index <= lastVersionOf(commit);
}

function atPosition(position: string, offset: number): ResolvedStart {
  const { sequence, index } = parsePosition(position);
  return {
    replay: { sequence },
    firstIndexOf: (commit) => (commit.sequence === sequence ? index + offset : 0),
  };
}
