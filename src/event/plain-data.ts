import { types } from 'node:util';
import { InvalidEventError } from './event-errors.js';

/**
 * Copies the data of an event as JSON holds them. The copy shares nothing with the caller's object, so later
 * changes of that object do not reach the log.
 *
 * @throws {@link InvalidEventError} when JSON cannot hold the data, or would not return the same data.
 */
export function toPlainData(event: object, type: string): object {
  const data = copyOf(event, type);
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data;
  throw new InvalidEventError(`${type} must be an object in JSON; its toJSON returns something else`);
}

function copyOf(event: object, type: string): unknown {
  try {
    return JSON.parse(JSON.stringify(event, refuseMangled)) as unknown;
  } catch (cause) {
    throw new InvalidEventError(`${type} holds a value that JSON cannot hold: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Rejects values that JSON accepts but changes: a date becomes text, bytes become an object of numbers,
 * collections become empty objects.
 */
function refuseMangled(this: unknown, key: string, value: unknown): unknown {
  // the value before `toJSON`, which Date and Buffer have
  const original = (this as Record<string, unknown>)[key];
  if (typeof original === 'string' || typeof original === 'boolean') return value;
  const remedy =
    typeof original === 'object' && original !== null ? remedyFor(original) : scalarRemedy(original);
  if (remedy === undefined || (original === undefined && !Array.isArray(this))) return value;
  throw new InvalidEventError(`${key} is ${remedy}`);
}

function remedyFor(original: object): string | undefined {
  if (types.isDate(original)) return "a Date; declare it in the type's fields as 'date', or store text";
  if (types.isUint8Array(original))
    return `a ${original.constructor.name}; declare it in the type's fields as 'bytes', or store text`;
  if (
    ArrayBuffer.isView(original) ||
    types.isAnyArrayBuffer(original) ||
    types.isMap(original) ||
    types.isSet(original)
  )
    return `a ${original.constructor.name}; store a list, an object or text, or give the type a codec`;
  return undefined;
}

function scalarRemedy(original: unknown): string | undefined {
  if (typeof original === 'bigint')
    return "a bigint; declare it in the type's fields as 'bigint', or store text";
  if (typeof original === 'number' && !Number.isFinite(original))
    return `${original}; JSON has no such number`;
  if (original === undefined) return 'undefined in a list; leave it out';
  if (typeof original === 'function' || typeof original === 'symbol')
    return `a ${typeof original}, which cannot be stored`;
  return undefined;
}
