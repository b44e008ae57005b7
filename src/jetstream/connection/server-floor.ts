import { UnsupportedByServerError } from './connection-errors.js';

/** What the event store needs of the server, and since when the server has it. */
const EVENT_STORE_FLOOR = {
  capability: 'the event store (atomic batches with message ids, direct gets without headers)',
  floor: '2.12.1',
};

/** What timers need, and since when the server has all that schedules are used for here. */
const SCHEDULE_FLOOR = { capability: 'timers (message schedules)', floor: '2.14.0' };

/**
 * What the transport needs: several filters of one consumer, metadata of streams. Time to live and delay need
 * more, and say so.
 */
const TRANSPORT_FLOOR = { capability: 'the transport', floor: '2.10.0' };

/**
 * Refuses a server that is too old for the event store.
 *
 * @throws {@link UnsupportedByServerError} naming the version that was found.
 */
export function requireEventStoreServer(version: string): void {
  requireServer(version, EVENT_STORE_FLOOR);
}

/**
 * Refuses a server that is too old for the transport.
 *
 * @throws {@link UnsupportedByServerError} naming the version that was found.
 */
export function requireTransportServer(version: string): void {
  requireServer(version, TRANSPORT_FLOOR);
}

/**
 * Refuses a server that is too old for timers.
 *
 * @throws {@link UnsupportedByServerError} naming the version that was found.
 */
export function requireScheduleServer(version: string): void {
  requireServer(version, SCHEDULE_FLOOR);
}

function requireServer(version: string, need: { capability: string; floor: string }): void {
  if (isAtLeast(version, need.floor)) return;
  throw new UnsupportedByServerError({ ...need, found: `nats-server ${version}` });
}

/** Whether a server's version is the floor or later. */
export function isAtLeast(version: string, floor: string): boolean {
  const found = numbers(version);
  for (const [index, needed] of numbers(floor).entries()) {
    const part = found[index] ?? 0;
    if (part !== needed) return part > needed;
  }
  return true;
}

/** A pre-release such as 2.14.0-RC.1 counts as the release it precedes. */
function numbers(version: string): number[] {
  return version.split(/[-+]/, 1)[0]?.split('.').map(Number) ?? [];
}
