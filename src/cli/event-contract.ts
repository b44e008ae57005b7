import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { EventDeclaration } from '../event/event-declaration.js';
import type { FieldKinds } from '../event/field-codec.js';

/** What readers of the log may rely on, by event type: kept in a file, so that a change of it is seen. */
export type EventContract = Readonly<Record<string, EventTypeContract>>;

export interface EventTypeContract {
  readonly version: number;
  readonly aliases: readonly string[];
  /** Versions that an upcast leads from. */
  readonly upcastsFrom: readonly number[];
  readonly fields: FieldKinds;
  /** JSON Schema of the data, where the schema library gives one; `null` where it does not, or there is no schema. */
  readonly schema: Readonly<Record<string, unknown>> | null;
}

/** How a contract differs from an earlier one. */
export interface ContractChange {
  /** Whether events that are stored, or readers that exist, are left behind by it. */
  readonly isBreaking: boolean;
  readonly type: string;
  readonly what: string;
}

/** What types declare, in the order of their names. */
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

/** All that changed from one contract to a later one. */
export function contractChanges(earlier: EventContract, now: EventContract): ContractChange[] {
  const names = new Set([...Object.keys(earlier), ...Object.keys(now)]);
  return [...names].flatMap((type) => {
    const change = (isBreaking: boolean, what: string): ContractChange => ({ isBreaking, type, what });
    const [before, after] = [earlier[type], now[type]];
    if (before === undefined) return [change(false, 'is new')];
    if (after !== undefined) return typeChanges(before, after, change);
    const heir = Object.keys(now).find((name) => now[name]?.aliases.includes(type));
    return heir === undefined
      ? [change(true, 'is gone: stored events of it cannot be read; keep it, or make it an alias')]
      : [change(false, `is an alias of ${heir} now`)];
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
      : unreachable.map((version) => change(true, `has no upcast from version ${version} any more`))),
    ...lost.map((alias) => change(true, `has lost its alias ${alias}`)),
    ...gained.map((alias) => change(false, `has the alias ${alias} now`)),
    ...(after.version > before.version ? [change(false, `is at version ${after.version} now`)] : []),
    ...(after.version === before.version && shapeOf(before) !== shapeOf(after)
      ? [
          change(
            true,
            'has data of another shape under the same version; raise the version and add an upcast',
          ),
        ]
      : []),
  ];
}

function shapeOf({ fields, schema }: EventTypeContract): string {
  return JSON.stringify([fields, schema], sortKeys);
}

/** The order in which keys were written says nothing. */
function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function jsonSchemaOf(schema: StandardSchemaV1 | undefined): Record<string, unknown> | null {
  const standard = schema?.['~standard'] as Partial<StandardJSONSchemaV1.Props> | undefined;
  try {
    return standard?.jsonSchema?.input({ target: 'draft-2020-12' }) ?? null;
  } catch {
    // a schema of what JSON Schema has no word for, such as a date
    return null;
  }
}
