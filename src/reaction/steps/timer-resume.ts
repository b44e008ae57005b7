import { openCommits } from '../../event/event-cipher.js';
import type { StoredCommandData } from '../../event/own-event-types.js';
import { type Position, parsePosition } from '../../event/position.js';
import { recordedEvents, type RecordedEvent } from '../../event/recorded-event.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { ReactorDefinition } from '../reactor/reactor-definition.js';
import { UnrecoverableError } from '../unrecoverable-error.js';
import type { Resume } from './resume.js';

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

/** What is told of an attempt at a resumed event. */
export interface ResumedAttempt {
  /** From 1. */
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** Brings events back by timers. What is due is given to {@link resumeEvent}. */
export function timerResume(timers: ResumeTimers): Resume {
  return {
    resumeAt: async ({ id, position }, at, reactor) =>
      timers.schedule(
        { name: RESUME, data: { reactor, eventId: id, position } },
        { id: `$steps/${reactor}/${id}`, at, commandId: at.toISOString() },
      ),
  };
}

/** Whether the command of a timer brings an event back. */
export function isResume({ name }: StoredCommandData): boolean {
  return name === RESUME;
}

/**
 * Gives an event whose time has come to the handler that waits for it.
 *
 * @param reactors The reactors of the service, with steps.
 * @throws what the handler throws; {@link UnrecoverableError} when the event or the reactor is gone.
 */
export async function resumeEvent(
  store: EventStore,
  reactors: readonly ReactorDefinition[],
  { command, attempt, signal }: ResumedAttempt & { readonly command: StoredCommandData },
): Promise<void> {
  const { reactor, eventId, position } = command.data as { readonly [key: string]: string };
  const definition = reactors.find(({ name }) => name === reactor);
  if (definition === undefined) throw gone(`there is no reactor ${reactor} any more`, eventId);
  const event = await eventWith({ id: eventId, position: position as Position }, store, signal);
  if (event === undefined) throw gone('the store does not hold it any more', eventId);
  await definition.handle(event, { reactor: definition.name, attempt, isRedriven: false, signal });
}

async function eventWith(
  { id, position }: { readonly id: string | undefined; readonly position: Position },
  store: EventStore,
  signal: AbortSignal,
): Promise<RecordedEvent | undefined> {
  const commit = await store.commitAt(parsePosition(position).sequence, { signal });
  if (commit === undefined) return undefined;
  const [opened = commit] = await openCommits([commit], store.registry.cipher);
  return recordedEvents(opened, store.registry).find((event) => event.id === id);
}

function gone(reason: string, eventId: string | undefined): UnrecoverableError {
  return new UnrecoverableError(`event ${eventId} cannot be continued after its sleep: ${reason}`);
}
