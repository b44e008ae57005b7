import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { EventDeclaration } from '../event/event-declaration.js';
import type { FieldKinds } from '../event/field-codec.js';

/**
 * What readers of the log rely on, by event type. Committed to a file, so that a change shows up in review.
 */
export type EventContract = Readonly<Record<string, EventTypeContract>>;

export interface EventTypeContract {
  readonly version: number;
  readonly aliases: readonly string[];
  /** Schema versions that have an upcast. */
  readonly upcastsFrom: readonly number[];
  readonly fields: FieldKinds;
  /** JSON Schema of the data; `null` if there is no schema, or its library has no JSON Schema output. */
  readonly schema: Readonly<Record<string, unknown>> | null;
}

/** One difference between a contract and an earlier one. */
export interface ContractChange {
  /** True if stored events or existing readers no longer work after the change. */
  readonly isBreaking: boolean;
  readonly type: string;
  readonly what: string;
}

/** The contract of the given event types, sorted by name. */
export function contractOf(declarations: readonly EventDeclaration[]): EventContract {
  const entries = declarations.map((declaration): [string, EventTypeContract] => [
    declaration.name,
    {
      version: declaration.schemaVersion,
      aliases: declaration.aliases.toSorted(),
      upcastsFrom: Object.keys(declaration.upcasts).map(Number),
      fields: declaration.fields,
      schema: jsonSchemaOf(declaration.schema),
    },
  ]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** All changes between a contract and a later one. */
export function contractChanges(earlier: EventContract, now: EventContract): ContractChange[] {
  const names = new Set([...Object.keys(earlier), ...Object.keys(now)]);
  return [...names].flatMap((type) => {
    const change = (isBreaking: boolean, what: string): ContractChange => ({ isBreaking, type, what });
    const [before, after] = [earlier[type], now[type]];
    if (before === undefined) return [change(false, 'is new')];
    if (after !== undefined) return typeChanges(before, after, change);
    const heir = Object.keys(now).find((name) => now[name]?.aliases.includes(type));
    return heir === undefined
      ? [
          change(
            true,
            'was removed: its stored events can no longer be read; keep it, or make it an alias of another type',
          ),
        ]
      : [change(false, `is now an alias of ${heir}`)];
  });
}

function typeChanges(
  before: EventTypeContract,
  after: EventTypeContract,
  change: (isBreaking: boolean, what: string) => ContractChange,
): ContractChange[] {
  const missing = <T>(old: readonly T[], found: readonly T[]): T[] =>
    old.filter((item) => !found.includes(item));
  const lost = missing(before.aliases, after.aliases);
  const gained = missing(after.aliases, before.aliases);
  const unreachable = missing([...before.upcastsFrom, before.version], [...after.upcastsFrom, after.version]);
  return [
    ...(after.version < before.version
      ? [change(true, `went back from version ${before.version} to ${after.version}`)]
      : unreachable.map((version) => change(true, `no longer has an upcast from version ${version}`))),
    ...lost.map((alias) => change(true, `no longer has the alias ${alias}`)),
    ...gained.map((alias) => change(false, `now has the alias ${alias}`)),
    ...(after.version > before.version ? [change(false, `is now at version ${after.version}`)] : []),
    ...(after.version === before.version && shapeOf(before) !== shapeOf(after)
      ? [
          change(
            true,
            'changed the shape of its data without a new version; raise the version and add an upcast',
          ),
        ]
      : []),
  ];
}

function shapeOf({ fields, schema }: EventTypeContract): string {
  return JSON.stringify([fields, schema], sortKeys);
}

/** Sorts keys, so that their order makes no difference. */
function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function jsonSchemaOf(schema: StandardSchemaV1 | undefined): Record<string, unknown> | null {
  const standard = schema?.['~standard'] as Partial<StandardJSONSchemaV1.Props> | undefined;
  try {
    return standard?.jsonSchema?.input({ target: 'draft-2020-12' }) ?? null;
  } catch {
    // the schema uses a type that JSON Schema does not have, such as a date
    return null;
  }
}
