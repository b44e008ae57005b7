import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import type { EventDeclaration } from '../event/event-declaration.js';
import { EventRegistry } from '../event/event-registry.js';
import { declarationOf, hasDeclaration } from '../event/event-type.js';
import { isPlainEventType } from '../event/plain-event-type.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { type ContractChange, contractChanges, contractOf, type EventContract } from './event-contract.js';

/** Flags of `jetsource events`. */
export interface EventsFlags {
  readonly check?: string;
  readonly write?: string;
  readonly json?: boolean;
}

/**
 * The command `jetsource events`: prints the event types of a module and checks them for breaking changes.
 */
export function eventsCommand(print: (line: string) => void = console.log): Command {
  return new Command('events')
    .description('print the event types that a module exports, and check them for breaking changes')
    .argument(
      '<module>',
      'an ES module that exports event classes and event types (compiled, or with a loader)',
    )
    .option(
      '--check <file>',
      'compare with a file that --write wrote; exit with 1 if there is a breaking change',
    )
    .option('--write <file>', 'write the event types to a file, to be committed')
    .option('--json', 'print JSON')
    .action(async (module: string, flags: EventsFlags) => {
      if (!(await runEvents(module, flags, print))) process.exitCode = 1;
    });
}

/**
 * @returns whether there is no breaking change.
 * @throws {@link InvalidOptionError} when the module or the file cannot be read;
 *   {@link EventRegistrationError} when types conflict.
 */
export async function runEvents(
  module: string,
  { check, write, json }: EventsFlags,
  print: (line: string) => void,
): Promise<boolean> {
  const contract = contractOf(await declarationsIn(module));
  const changes = check === undefined ? [] : contractChanges(await readContract(check), contract);
  if (json === true) print(JSON.stringify({ events: contract, changes }));
  else [...Object.entries(contract).map(describeType), ...changes.map(describeChange)].forEach(print);
  if (write !== undefined) await writeFile(write, `${JSON.stringify(contract, undefined, 2)}\n`);
  return !changes.some(({ isBreaking }) => isBreaking);
}

async function declarationsIn(module: string): Promise<EventDeclaration[]> {
  const exported = Object.values(await load(module)).flat();
  const definitions = [...new Set(exported)].filter(
    (value) => isPlainEventType(value) || hasDeclaration(value),
  );
  if (definitions.length === 0)
    throw new InvalidOptionError({
      option: 'module',
      given: module,
      allowed: 'a module that exports event types',
    });
  // for its checks, which a store runs when it is opened
  new EventRegistry(definitions);
  return definitions.map((definition) =>
    isPlainEventType(definition) ? definition.declaration : declarationOf(definition),
  );
}

async function load(module: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(module)).href)) as Record<string, unknown>;
  } catch (cause) {
    const allowed = `an ES module that can be loaded (${(cause as Error).message})`;
    throw new InvalidOptionError({ option: 'module', given: module, allowed }, { cause });
  }
}

async function readContract(file: string): Promise<EventContract> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as EventContract;
  } catch (cause) {
    const allowed = `a file that --write wrote (${(cause as Error).message})`;
    throw new InvalidOptionError({ option: '--check', given: file, allowed }, { cause });
  }
}

function describeType([name, { version, aliases, upcastsFrom, schema }]: [
  string,
  EventContract[string],
]): string {
  return [
    `${name} version ${version}`,
    ...(upcastsFrom.length > 0 ? [`upcast from ${upcastsFrom.join(', ')}`] : []),
    ...(aliases.length > 0 ? [`formerly ${aliases.join(', ')}`] : []),
    ...(schema === null ? ['no JSON schema'] : []),
  ].join(', ');
}

function describeChange({ isBreaking, type, what }: ContractChange): string {
  return `${isBreaking ? 'BREAKING' : 'compatible'}: ${type} ${what}`;
}
