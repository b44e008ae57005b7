import { checkedDeclaration } from './event-declaration.js';
import type { JsonValue } from './json-value.js';
import { PlainEventType } from './plain-event-type.js';
import type { Position } from './position.js';

/** The data of a stored command. */
export interface StoredCommandData {
  /** Name of the command. */
  readonly name: string;
  /** What the command is made of again, as plain JSON. */
  readonly data: { readonly [key: string]: JsonValue };
}

/** A command that is stored before it is executed. */
export const STORED_COMMAND = ownEventType<'$command', StoredCommandData>('$command');

/** A timer waits: it replaces the one that its stream says waited before. `at` is ISO 8601. */
export const TIMER_SCHEDULED = ownEventType<
  '$timerScheduled',
  { readonly command: StoredCommandData; readonly at: string }
>('$timerScheduled');

/** A timer is not to be carried out. */
export const TIMER_CANCELLED = ownEventType<'$timerCancelled', Record<never, never>>('$timerCancelled');

/** A timer was carried out. `scheduled` is the position of the event that scheduled it. */
export const TIMER_FIRED = ownEventType<'$timerFired', { readonly scheduled: Position }>('$timerFired');

/**
 * The event types that jetsource itself stores, in its own categories (`$…`). Every registry has them. A new
 * one is added here.
 */
export const OWN_EVENT_TYPES: readonly PlainEventType[] = [
  STORED_COMMAND,
  TIMER_SCHEDULED,
  TIMER_CANCELLED,
  TIMER_FIRED,
];

/** Users cannot declare such a name: {@link eventType} and {@link Event} refuse it. */
function ownEventType<const Type extends `$${string}`, Data extends object>(
  name: Type,
): PlainEventType<Type, Data> {
  return new PlainEventType(name, checkedDeclaration(name, {}));
}
