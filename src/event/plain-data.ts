import { types } from 'node:util';
import { InvalidEventError } from './event-errors.js';

/**
 * The data of an event as JSON has them: a copy that shares nothing with the caller's object, so that a later change of it cannot reach the log.
 *
 * @throws {@link InvalidEventError} when JSON cannot hold them, or would give something else back.
 */
export function toPlainData(event: object, type: string): object {
  const data = copyOf(event, type);
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data;
  throw new InvalidEventError(`${type} must be an object in JSON; its toJSON gives something else`);
}

function copyOf(event: object, type: string): unknown {
  try {
    return JSON.parse(JSON.stringify(event, refuseMangled)) as unknown;
  } catch (cause) {
    throw new InvalidEventError(`${type} holds something that JSON cannot: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** JSON takes these and gives something else back: a date as its text, bytes as an object of numbers, collections as nothing at all. */
function refuseMangled(this: unknown, key: string, value: unknown): unknown {
  // what stood there before any toJSON, which a Date and a Buffer have
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
  if (original === undefined) return 'undefined, in a list; leave it out';
  if (typeof original === 'function' || typeof original === 'symbol')
    return `a ${typeof original}, which is no data`;
  return undefined;
}
