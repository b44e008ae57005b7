import type { StoredCommandData } from '../../event/own-event-types.js';
import { asPosition } from '../../event/position.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { Resume } from './resume.js';
import { storeResume } from './step-log.js';

/** Name of the command that brings an event back. */
const RESUME = '$resume';

/** Where the timers of long sleeps go. `Timers` of jetsource is one. */
export interface ResumeTimers {
  /** Stores a command to be carried out at a time. Repeated with the same `commandId`, it changes nothing. */
  schedule(
    command: StoredCommandData,
    options: { readonly id: string; readonly at: Date; readonly commandId: string },
  ): Promise<unknown>;
}

/** What the command of a timer says. */
interface ResumeData {
  readonly reactor: string;
  readonly eventId: string;
  readonly position: string;
  readonly until: string;
}

/**
 * Brings events back by timers, after long sleeps. What is due is given to {@link resumeWhenDue}.
 *
 * @example
 * const ship = reactorWithSteps(store, shipOrders, { resume: timerResume(timers) });
 */
export function timerResume(timers: ResumeTimers): Resume {
  return {
    resumeAt: async ({ id, position }, at, reactor) => {
      const until = at.toISOString();
      const data = { reactor, eventId: id, position, until };
      return timers.schedule({ name: RESUME, data }, { id: `$steps/${reactor}/${id}`, at, commandId: until });
    },
  };
}

/**
 * For what timers call when one is due: lets an event come back if the command says so. The reactor of
 * {@link resumeReactor} gives it to its handler, with attempts and parking.
 *
 * @returns false for a command that says something else.
 * @example
 * const timers = await openTimers(store, {
 *   onDue: async ({ command }) => (await resumeWhenDue(store, command)) || execute(command),
 * });
 */
export async function resumeWhenDue(store: EventStore, { name, data }: StoredCommandData): Promise<boolean> {
  if (name !== RESUME) return false;
  const { reactor, eventId, position, until } = data as unknown as ResumeData;
  await storeResume(store, { reactor, eventId, position: asPosition(position), until });
  return true;
}
