import type { EventRegistry } from '../../event/event-registry.js';
import { isEventWithMetadata } from '../../event/event-with-metadata.js';
import type { JsonValue } from '../../event/json-value.js';
import {
  PROCESS_EVENT,
  PROCESS_TIMER,
  PROCESS_TIMER_CANCEL,
  STORED_COMMAND,
} from '../../event/own-event-types.js';
import type { DomainEvent } from '../../event/plain-event-type.js';
import { durationOption } from '../../kernel/duration.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { ProcessOutput, ProcessTimerTime } from './process-output.js';
import type { CommandEncoder } from './process-ports.js';

/** What outputs are stored with. */
export interface OutputEncoding {
  readonly registry: EventRegistry;
  readonly commands: CommandEncoder;
  /** Whether timers can be set. */
  readonly hasTimers: boolean;
  /** What the ids of its timers begin with in the store. */
  readonly timerPrefix: string;
}

/**
 * An output as the event that it is stored as.
 *
 * @throws {@link InvalidOptionError} for a timer where there are none; what the encoder of commands or the
 *   registry throws.
 */
export function encodeOutput(output: ProcessOutput, encoding: OutputEncoding): DomainEvent {
  const { commands, timerPrefix } = encoding;
  switch (output.kind) {
    case 'send':
      return STORED_COMMAND.create(commands.encode(output.command));
    case 'publish':
      return PROCESS_EVENT.create(encodeEvent(output.event, encoding.registry));
    case 'schedule':
      checkTimers(encoding, output.id);
      return PROCESS_TIMER.create({
        id: `${timerPrefix}${output.id}`,
        at: timeOf(output.time),
        command: commands.encode(output.command),
      });
    case 'cancel':
      checkTimers(encoding, output.id);
      return PROCESS_TIMER_CANCEL.create({ id: `${timerPrefix}${output.id}` });
  }
}

function encodeEvent(event: object, registry: EventRegistry): Parameters<typeof PROCESS_EVENT.create>[0] {
  const own = isEventWithMetadata(event) ? event : undefined;
  const { type, schemaVersion, data } = registry.encode(own?.event ?? event);
  const metadata = own?.metadata as { readonly [key: string]: JsonValue } | undefined;
  return { type, schemaVersion, data: data as JsonValue, ...(metadata !== undefined && { metadata }) };
}

function timeOf({ at, in: delay }: ProcessTimerTime): string {
  return (at ?? new Date(Date.now() + durationOption('in', delay))).toISOString();
}

function checkTimers({ hasTimers }: OutputEncoding, id: string): void {
  if (hasTimers) return;
  throw new InvalidOptionError({
    option: 'timers',
    given: undefined,
    allowed: `given to the process managers, since one of them uses timer ${id}`,
  });
}
