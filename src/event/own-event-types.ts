import { checkedDeclaration } from './event-declaration.js';
import type { JsonValue } from './json-value.js';
import { PlainEventType } from './plain-event-type.js';

/** The data of a stored command. */
export interface StoredCommandData {
  /** Name of the command. */
  readonly name: string;
  /** What the command is made of again, as plain JSON. */
  readonly data: { readonly [key: string]: JsonValue };
}

/** A command that is stored before it is executed. */
export const STORED_COMMAND = ownEventType<'$command', StoredCommandData>('$command');

/**
 * The event types that jetsource itself stores, in its own categories (`$…`). Every registry has them. A new
 * one is added here.
 */
export const OWN_EVENT_TYPES: readonly PlainEventType[] = [STORED_COMMAND];

/** Users cannot declare such a name: {@link eventType} and {@link Event} refuse it. */
function ownEventType<const Type extends `$${string}`, Data extends object>(
  name: Type,
): PlainEventType<Type, Data> {
  return new PlainEventType(name, checkedDeclaration(name, {}));
}
