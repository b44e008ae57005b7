import { describeThrown } from '../kernel/describe-thrown.js';
import { describeValue } from '../kernel/invalid-option-error.js';
import { hasJetsourceBrand } from '../kernel/jetsource-error.js';
import type { EventType } from './event-declaration.js';
import { InvalidEventError } from './event-errors.js';
import { copyPlainJson, isPlainObject, PlainJsonFault } from './plain-json.js';

/**
 * Copies the data of an event as JSON holds them: what is declared is converted, all else must be plain JSON.
 * The copy shares nothing with the caller's object, so later changes of that object do not reach the log.
 *
 * @throws {@link InvalidEventError} with the path, when JSON cannot hold the data or would not return the
 *   same data.
 */
export function toPlainData(type: EventType, event: object): object {
  try {
    const data = encoded(type, event);
    return copyPlainJson(data, { root: '', instance: data === event, declarable: true }) as object;
  } catch (fault) {
    if (!(fault instanceof PlainJsonFault)) throw fault;
    throw new InvalidEventError(`${type.name} cannot be stored: ${fault.message}`, { cause: fault });
  }
}

/** The data with what is declared converted. They are the event itself only where that may be an instance. */
function encoded(type: EventType, event: object): object {
  const { codec, fields } = type;
  const isCustom = codec !== undefined && Object.keys(fields).length === 0;
  if (isCustom) return plainResult(type, () => codec.toJson(event), 'its codec');
  const own = ownData(type, event);
  return codec === undefined ? own : codec.toJson(own);
}

/** What field paths apply to: the result of `toJSON` where an instance of a class has that method. */
function ownData(type: EventType, event: object): object {
  const isInstance = type.prototype !== undefined;
  if (isInstance && 'toJSON' in event && typeof event.toJSON === 'function')
    return plainResult(type, () => (event as { toJSON(): unknown }).toJSON(), 'its toJSON');
  if (isInstance || isPlainObject(event)) return event;
  throw new InvalidEventError(
    `the data of ${type.name} must be a plain object; given: ${describeValue(event)}`,
  );
}

function plainResult({ name }: EventType, make: () => unknown, maker: string): object {
  const made = madeBy(name, make, maker);
  if (isPlainObject(made)) return made;
  throw new InvalidEventError(
    `${name} must be a plain object in JSON; ${maker} returns something else: ${describeValue(made)}`,
  );
}

function madeBy(name: string, make: () => unknown, maker: string): unknown {
  try {
    return make();
  } catch (cause) {
    if (hasJetsourceBrand(cause)) throw cause;
    const reason = `${maker} failed: ${describeThrown(cause)}`;
    throw new InvalidEventError(`${name} cannot be stored: ${reason}`, { cause });
  }
}
