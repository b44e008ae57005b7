import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventRegistrationError } from './event-errors.js';
import { checkKnownOptions } from '../kernel/options.js';
import type { EventCodec } from './event-codec.js';
import { isOwnEventName } from './own-event-name.js';
import { fieldCodec, type FieldKinds } from './field-codec.js';
import type { Upcasts } from './upcast.js';

/** The input type of a schema: the data that are stored and read back. */
export type SchemaData<Schema extends StandardSchemaV1> =
  StandardSchemaV1.InferInput<Schema> extends object ? StandardSchemaV1.InferInput<Schema> : never;

/** Options of an event type, for {@link Event} on a class and {@link eventType} without a class. */
export interface EventTypeOptions<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Data extends object = object,
> {
  /** Schema version that new events are stored with: 1, 2, 3… @default 1 */
  readonly version?: number | undefined;
  /**
   * Validates the data of each event before it is stored, and when it is read if `onInvalidEvent` is not
   * `accept`. Any synchronous Standard Schema: zod, valibot, arktype … It only validates: the data are stored
   * as given, not as the schema transforms them. @default no validation
   */
  readonly schema?: Schema | undefined;
  /**
   * Functions that convert stored data to the next schema version, by the version they start from:
   * `upcasts: { 1: …, 2: … }` for version 3. There must be no gap up to the current version. @default none
   */
  readonly upcasts?: Upcasts | undefined;
  /** Earlier names of the event type. @default none */
  readonly aliases?: readonly string[] | undefined;
  /**
   * Fields of a type that JSON does not have, by path: `{ placedAt: 'date', 'items.*.cents': 'bigint' }`.
   * They are stored as text (ISO 8601, decimal, base64) and converted back on read. @default none
   */
  readonly fields?: FieldKinds | undefined;
  /** Replaces `fields`, for types that they do not cover. @default none */
  readonly codec?: EventCodec<Data> | undefined;
}

/** A checked declaration of an event type. */
export interface EventDeclaration {
  readonly name: string;
  readonly schemaVersion: number;
  readonly schema: StandardSchemaV1 | undefined;
  readonly upcasts: Upcasts;
  readonly aliases: readonly string[];
  readonly fields: FieldKinds;
  readonly codec: EventCodec | undefined;
}

/** An event type that is registered with a store. */
export interface EventType extends EventDeclaration {
  /** Prototype of the event class; undefined for plain events. */
  readonly prototype: object | undefined;
}

const OPTIONS = ['version', 'schema', 'upcasts', 'aliases', 'fields', 'codec'];

/**
 * The declaration of a user's event type.
 *
 * @throws {@link EventRegistrationError} with the name of the type, when the options are invalid, or a name
 *   is reserved for jetsource.
 */
export function declareEvent(name: string, options: EventTypeOptions): EventDeclaration {
  const declaration = checkedDeclaration(name, options);
  const reserved = [name, ...declaration.aliases].find(isOwnEventName);
  if (reserved === undefined) return declaration;
  throw new EventRegistrationError(
    `event type ${name}: the name ${reserved} is reserved, since jetsource's own event types start with $; ` +
      'choose another name',
  );
}

/**
 * Any declaration, also of one of jetsource's own event types.
 *
 * @throws {@link EventRegistrationError} with the name of the type, when the options are invalid.
 */
export function checkedDeclaration(name: string, options: EventTypeOptions): EventDeclaration {
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
    refuse(name, `upcasts must start from versions below ${version}`);
  for (let step = Math.min(...from); step < version; step += 1) {
    if (typeof upcasts[step] !== 'function')
      refuse(name, `its upcasts have a gap: there is none from version ${step} to ${step + 1}`);
  }
}

function checkedCodec(name: string, { fields, codec }: EventTypeOptions): EventCodec | undefined {
  if (codec === undefined)
    return fields === undefined || Object.keys(fields).length === 0 ? undefined : fieldCodec(name, fields);
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
