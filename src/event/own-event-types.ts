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

/** The end of each commit of a process: which input was handled, and what the process is since then. */
export interface ProcessInputData {
  /** The event that was handled. */
  readonly input: { readonly id: string; readonly type: string; readonly position: string };
  /** What the process manager remembers from now on. */
  readonly state: JsonValue;
  /** Whether the process has ended: it ignores further inputs. */
  readonly ended: boolean;
}

/** A process has handled an input. The events before it in its commit are the outputs. */
export const PROCESS_INPUT = ownEventType<'$processInput', ProcessInputData>('$processInput');

/** An output of a process: an event that is to be published, as it is stored. */
export const PROCESS_EVENT = ownEventType<
  '$processEvent',
  {
    readonly type: string;
    readonly schemaVersion: number;
    readonly data: JsonValue;
    readonly metadata?: { readonly [key: string]: JsonValue };
  }
>('$processEvent');

/** An output of a process: a command that a timer is to bring. `at` is ISO 8601. */
export const PROCESS_TIMER = ownEventType<
  '$processTimer',
  { readonly id: string; readonly at: string; readonly command: StoredCommandData }
>('$processTimer');

/** An output of a process: a timer that is to be cancelled. */
export const PROCESS_TIMER_CANCEL = ownEventType<'$processTimerCancel', { readonly id: string }>(
  '$processTimerCancel',
);

/** What the code of a handler had done when a step was called. Steps are given by their names. */
export interface StepOrder {
  /** Called before it. */
  readonly called: readonly string[];
  /** Done before it was called. */
  readonly done: readonly string[];
}

/** A step of a handler is done. `result` is absent for undefined. */
export const STEP = ownEventType<'$step', StepOrder & { readonly name: string; readonly result?: JsonValue }>(
  '$step',
);

/** A step of a handler that waits. `until` is ISO 8601. */
export const STEP_SLEEP = ownEventType<
  '$stepSleep',
  StepOrder & { readonly name: string; readonly until: string }
>('$stepSleep');

/** An event comes back to the handler that waited in one of its steps, until a time in ISO 8601. */
export const STEP_RESUME = ownEventType<
  '$stepResume',
  { readonly reactor: string; readonly eventId: string; readonly position: string; readonly until: string }
>('$stepResume');

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
  PROCESS_INPUT,
  PROCESS_EVENT,
  PROCESS_TIMER,
  PROCESS_TIMER_CANCEL,
  STEP,
  STEP_SLEEP,
  STEP_RESUME,
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
