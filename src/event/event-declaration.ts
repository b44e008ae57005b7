import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventRegistrationError } from './event-errors.js';
import { checkKnownOptions } from '../kernel/options.js';
import type { EventCodec } from './event-codec.js';
import { fieldCodec, type FieldKinds } from './field-codec.js';
import type { Upcasts } from './upcast.js';

/** The data that a schema takes: those that are stored and read back. */
export type SchemaData<Schema extends StandardSchemaV1> =
  StandardSchemaV1.InferInput<Schema> extends object ? StandardSchemaV1.InferInput<Schema> : never;

/** What is said of an event type beside its name, on a class by {@link Event} and without one by {@link eventType}. */
export interface EventTypeOptions<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Data extends object = object,
> {
  /** Schema version of the data that are stored from now on. @default 1 */
  readonly version?: number | undefined;
  /**
   * Judges the data of each event before it is stored, and when it is read if the store is told so (`onInvalidEvent`): any Standard Schema (zod,
   * valibot, arktype …) that answers at once. It judges only: what was given is stored, not what the schema makes of it. @default anything goes
   */
  readonly schema?: Schema | undefined;
  /**
   * How stored data of earlier versions become those of the next one, by the version that they have: `upcasts: { 1: …, 2: … }` for version 3.
   * Without a gap up to the current version. @default none
   */
  readonly upcasts?: Upcasts | undefined;
  /** Names that events of the type were stored under before. @default none */
  readonly aliases?: readonly string[] | undefined;
  /**
   * What JSON has no form for, by path: `{ placedAt: 'date', 'items.*.cents': 'bigint' }`. Stored as text (ISO 8601, decimal, base64) and
   * read back as what it was. @default none; JSON holds all of it
   */
  readonly fields?: FieldKinds | undefined;
  /** In place of `fields`, for what they do not cover. @default none */
  readonly codec?: EventCodec<Data> | undefined;
}

/** An event type as it was declared, checked. */
export interface EventDeclaration {
  readonly name: string;
  readonly schemaVersion: number;
  readonly schema: StandardSchemaV1 | undefined;
  readonly upcasts: Upcasts;
  readonly aliases: readonly string[];
  readonly fields: FieldKinds;
  readonly codec: EventCodec | undefined;
}

/** An event type as a store knows it. */
export interface EventType extends EventDeclaration {
  /** Of the class whose instances the events are; undefined for plain events. */
  readonly prototype: object | undefined;
}

const OPTIONS = ['version', 'schema', 'upcasts', 'aliases', 'fields', 'codec'];

/** @throws {@link EventRegistrationError} naming the type, when it could not be stored or read back like this. */
export function declareEvent(name: string, options: EventTypeOptions): EventDeclaration {
  if (typeof name !== 'string' || name === '') throw new EventRegistrationError('an event type needs a name');
  checkKnownOptions(options, OPTIONS, `event type ${name}: `);
  const { version = 1, schema, upcasts = {}, aliases = [], fields = {} } = options;
  if (!isVersion(version)) refuse(name, 'version must be a positive integer');
  if (schema !== undefined && typeof schema['~standard']?.validate !== 'function')
    refuse(name, 'schema must be a Standard Schema, such as one of zod, valibot or arktype');
  if (!aliases.every((alias) => typeof alias === 'string' && alias !== '' && alias !== name))
    refuse(name, 'aliases must be other names');
  checkUpcasts(name, version, upcasts);
  const codec = checkedCodec(name, options);
  return { name, schemaVersion: version, schema, upcasts, aliases: [...new Set(aliases)], fields, codec };
}

function checkUpcasts(name: string, version: number, upcasts: Upcasts): void {
  const from = Object.keys(upcasts).map(Number);
  if (from.length === 0) return;
  if (!from.every((key) => isVersion(key) && key < version))
    refuse(name, `upcasts must lead from versions below ${version}`);
  for (let step = Math.min(...from); step < version; step += 1) {
    if (typeof upcasts[step] !== 'function')
      refuse(name, `there is a gap in its upcasts: none leads from version ${step} to ${step + 1}`);
  }
}

function checkedCodec(name: string, { fields, codec }: EventTypeOptions): EventCodec | undefined {
  if (codec === undefined) return fields === undefined ? undefined : fieldCodec(name, fields);
  if (fields !== undefined) refuse(name, 'fields and codec exclude each other');
  if (typeof codec.toJson !== 'function' || typeof codec.fromJson !== 'function')
    refuse(name, 'codec must have the functions toJson and fromJson');
  return codec;
}

function isVersion(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function refuse(name: string, reason: string): never {
  throw new EventRegistrationError(`event type ${name}: ${reason}`);
}
