import { types } from 'node:util';
import { EventRegistrationError, InvalidEventError } from './event-errors.js';
import type { EventCodec } from './event-codec.js';

/** What a field holds that JSON has no form for: a `Date`, a `bigint`, a `Uint8Array`. */
export type FieldKind = 'date' | 'bigint' | 'bytes';

/** Kinds by path: keys joined by `.`, and `*` for every item of a list or every member of an object. */
export type FieldKinds = Readonly<Record<string, FieldKind>>;

interface Conversion {
  /** How messages call such a value. */
  readonly name: string;
  /** Undefined for what is no such value. */
  encode(value: unknown): string | undefined;
  /** Undefined for what is no such text. */
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
 * Brings the declared fields of an event type into a form that JSON has, and back. Each direction gives a copy; {@link InvalidEventError} names a field
 * that is something else.
 *
 * @throws {@link EventRegistrationError} when a path or a kind cannot be.
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
        return replaceAt(copy, keys, (value) => given(conversion.encode(value), refused)) as object;
      }, ownData(data)),
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

/** Where a class says itself what is stored of it, that is what its fields are declared of. */
function ownData(event: object): object {
  const own: unknown = 'toJSON' in event && typeof event.toJSON === 'function' ? event.toJSON() : event;
  return typeof own === 'object' && own !== null ? own : event;
}

/** A copy of the value, as deep as the path goes, with what stands there converted. What is absent stays absent. */
function replaceAt(value: unknown, keys: readonly string[], convert: (value: unknown) => unknown): unknown {
  if (value === undefined || value === null) return value;
  const [key, ...rest] = keys;
  if (key === undefined) return convert(value);
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return key === '*' ? value.map((item) => replaceAt(item, rest, convert)) : value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    key === '*' || key === name ? replaceAt(member, rest, convert) : member,
  ]);
  return Object.fromEntries(members) as object;
}
