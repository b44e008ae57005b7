import { types } from 'node:util';
import { EventRegistrationError, InvalidEventError } from './event-errors.js';
import type { EventCodec } from './event-codec.js';
import { isPlainObject, readMember } from './plain-json.js';

/** Type of a field that JSON does not have: a `Date`, a `bigint` or a `Uint8Array`. */
export type FieldKind = 'date' | 'bigint' | 'bytes';

/**
 * Field types by path: keys joined by `.`, with `*` for every item of a list or every member of an object.
 */
export type FieldKinds = Readonly<Record<string, FieldKind>>;

interface Conversion {
  /** Name of the type in error messages. */
  readonly name: string;
  /** Undefined if the value is of another type. */
  encode(value: unknown): string | undefined;
  /** Undefined if the text does not hold such a value. */
  decode(text: unknown): unknown;
}

const CONVERSIONS: Record<FieldKind, Conversion> = {
  date: {
    name: 'a valid Date',
    encode: (value) =>
      types.isDate(value) && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined,
    decode: (text) => {
      const date = new Date(typeof text === 'string' ? text : Number.NaN);
      return Number.isNaN(date.getTime()) ? undefined : date;
    },
  },
  bigint: {
    name: 'a bigint',
    encode: (value) => (typeof value === 'bigint' ? value.toString() : undefined),
    decode: (text) => (typeof text === 'string' && /^-?\d+$/.test(text) ? BigInt(text) : undefined),
  },
  bytes: {
    name: 'a Uint8Array',
    encode: (value) =>
      types.isUint8Array(value)
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
        : undefined,
    decode: (text) =>
      typeof text === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
        ? new Uint8Array(Buffer.from(text, 'base64'))
        : undefined,
  },
};

/**
 * A codec that converts the declared fields of an event type to text and back. Each direction returns a copy,
 * and throws {@link InvalidEventError} with the path of a field that has another type.
 *
 * @throws {@link EventRegistrationError} when a path or a field type is invalid.
 */
export function fieldCodec(type: string, fields: FieldKinds): EventCodec {
  const declared = Object.entries(fields).map(([path, kind]) => {
    if (path.split('.').includes('') || !Object.hasOwn(CONVERSIONS, kind)) {
      const kinds = Object.keys(CONVERSIONS).join(', ');
      throw new EventRegistrationError(
        `event type ${type}: fields must name paths such as items.*.at, each one of ${kinds}`,
      );
    }
    return { path, keys: path.split('.'), conversion: CONVERSIONS[kind] };
  });
  return {
    toJson: (data) =>
      declared.reduce<object>((copy, { path, keys, conversion }) => {
        const refused = `${type}: ${path} must be ${conversion.name}`;
        return replaceMembers(copy, keys, (value) => given(conversion.encode(value), refused));
      }, data),
    fromJson: (json) =>
      declared.reduce<object>((copy, { path, keys, conversion }) => {
        const refused = `${type}: ${path} must be the text of ${conversion.name}`;
        return replaceAt(copy, keys, (text) => given(conversion.decode(text), refused)) as object;
      }, json),
  };
}

function given(converted: unknown, refused: string): unknown {
  if (converted === undefined) throw new InvalidEventError(refused);
  return converted;
}

/**
 * Copies the value along the path and converts the value at its end. Absent values stay absent. What is
 * neither a list nor a plain object is left as it is, to be refused: a copy of its members would hide what it
 * was.
 */
function replaceAt(value: unknown, keys: readonly string[], convert: (value: unknown) => unknown): unknown {
  if (value === undefined || value === null) return value;
  const [key, ...rest] = keys;
  if (key === undefined) return convert(value);
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return key === '*' ? value.map((item) => replaceAt(item, rest, convert)) : value;
  if (!isPlainObject(value)) return value;
  return replaceMembers(value, [key, ...rest], convert);
}

/** Like {@link replaceAt}, for an object, which may be an instance of a class. */
function replaceMembers(
  holder: object,
  [key, ...rest]: readonly string[],
  convert: (value: unknown) => unknown,
): object {
  const members = Object.keys(holder).map((name) => {
    const member = readMember(holder, name, () => name);
    return [name, key === '*' || key === name ? replaceAt(member, rest, convert) : member];
  });
  return Object.fromEntries(members) as object;
}
