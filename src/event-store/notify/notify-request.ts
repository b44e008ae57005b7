import { v4 as randomUuid } from 'uuid';
import type { Commit } from '../../event/commit.js';
import { InvalidEventError } from '../../event/event-errors.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { plainMetadata } from '../../event/metadata.js';
import { BUS_CATEGORY, notificationStream } from '../../event/notification.js';
import { isOwnEventName } from '../../event/own-event-name.js';
import { storedStream } from '../../event/stream-name.js';
import { Deadline } from '../../kernel/deadline.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import {
  checkCommandId,
  checkEvents,
  DEFAULT_DEADLINE_MS,
  toCommitEvent,
  toStoredMetadata,
} from '../append/append-request.js';
import { commitIdOfCommand, newCommitId } from '../append/commit-id.js';
import type { NotifyOptions } from './notify-options.js';

const OPTIONS = ['commandId', 'metadata', 'deadlineMs', 'signal'];
/** Half of the duplicate window: a resend after the window would be stored twice, since nothing guards it. */
const DEADLINE = { fallback: DEFAULT_DEADLINE_MS, max: 60_000 };

/** Notifications to be stored. The input has been checked. */
export interface NotifyRequest {
  /** One for each event, in the order of the list. */
  readonly commits: readonly Commit[];
  readonly deadline: Deadline;
}

/**
 * Checks and encodes the input of a notify.
 *
 * @throws the errors that {@link EventStore.notify} throws before anything is sent.
 */
export function toNotifyRequest(
  events: readonly object[],
  options: NotifyOptions,
  registry: EventRegistry,
): NotifyRequest {
  checkEvents(events);
  checkKnownOptions(options, OPTIONS);
  const { commandId, signal } = options;
  if (commandId !== undefined) checkCommandId(commandId);
  const shared = {
    attemptId: randomUuid(),
    metadata: toStoredMetadata(plainMetadata(options.metadata ?? {}), commandId),
  };
  return {
    commits: events.map((event, index) => ({
      ...toNotification(event, registry),
      ...shared,
      commitId: commandId === undefined ? newCommitId() : idOf(commandId, index),
    })),
    deadline: new Deadline(integerOption('deadlineMs', options.deadlineMs, DEADLINE), signal),
  };
}

/** A notification has no place in a stream: number and version 0. */
function toNotification(
  event: object,
  registry: EventRegistry,
): Pick<Commit, 'stream' | 'number' | 'firstVersion' | 'predecessors' | 'events'> {
  const encoded = toCommitEvent(event, registry);
  if (isOwnEventName(encoded.type))
    throw new InvalidEventError(`events of type ${encoded.type} are jetsource's own, not notifications`);
  const stream = notificationStream(encoded.type);
  return { stream, number: 0, firstVersion: 0, predecessors: [], events: [encoded] };
}

function idOf(commandId: string, index: number): string {
  return commitIdOfCommand(storedStream(BUS_CATEGORY, String(index)), commandId);
}
