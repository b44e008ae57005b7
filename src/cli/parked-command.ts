import { Command } from 'commander';
import { DeadLetterStream } from '../jetstream/dead-letters/dead-letter-stream.js';
import { deadLetterStreamName } from '../jetstream/dead-letters/dead-letter-stream-name.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import {
  ParkedEvents,
  type ParkedReaction,
  type ParkedSelection,
} from '../reaction/reactor/parked-events.js';
import { errorLines } from './error-lines.js';
import { number, numberList } from './numbers.js';
import { openRawStore, type StoreFlags, withStoreFlags } from './store-flags.js';

/** Flags of `jetsource parked`. */
export interface ParkedFlags extends StoreFlags {
  readonly service?: string;
  readonly reactor?: string;
  readonly limit?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

type Print = (line: string) => void;

/** The command `jetsource parked`: lists, shows, redrives and discards the events that reactors gave up on. */
export function parkedCommand(print: Print = console.log): Command {
  const command = new Command('parked').description('events that the reactors of a service gave up on');
  const add = (name: string, description: string): Command =>
    withStoreFlags(command.command(name).description(description))
      .option('--service <name>', 'name of the service (default: the name of the store)')
      .option('--json', 'print one line of JSON for each event');
  const chosen = (name: string, description: string): Command =>
    add(name, description)
      .argument('[numbers...]', 'numbers of parked events, as printed by list', numberList)
      .option('--reactor <name>', 'those of one reactor')
      .option('--limit <count>', 'with --reactor or --all: the oldest ones, at most that many', number)
      .option('--all', 'all of the service');

  add('list', 'print the parked events, oldest first')
    .option('--reactor <name>', 'only those of one reactor')
    .option('--limit <count>', 'at most that many', number)
    .action(async (flags: ParkedFlags) => listParked(flags, print));
  add('show', 'print one parked event in full: the event as it is stored, and the error with its causes')
    .argument('<number>', 'number of the parked event, as printed by list', number)
    .action(async (wanted: number, flags: ParkedFlags) => showParked(wanted, flags, print));
  chosen('redrive', 'deliver parked events again to the reactors that gave up on them').action(
    async (numbers: number[], flags: ParkedFlags) => {
      await withParked(flags, async (parked) => {
        const count = await parked.redrive(selection(numbers, flags));
        print(flags.json === true ? JSON.stringify({ redriven: count }) : `${count} redriven`);
      });
    },
  );
  chosen('discard', 'remove parked events; they stay in the store').action(
    async (numbers: number[], flags: ParkedFlags) => {
      await withParked(flags, async (parked) => {
        const count = await parked.discard(selection(numbers, flags));
        print(flags.json === true ? JSON.stringify({ discarded: count }) : `${count} discarded`);
      });
    },
  );
  return command;
}

async function listParked(flags: ParkedFlags, print: Print): Promise<void> {
  const { reactor, limit, json } = flags;
  await withParked(flags, async (parked) => {
    for (const each of await parked.list({ reactor, limit }))
      print(json === true ? JSON.stringify(factsOf(each)) : sentence(each));
  });
}

async function showParked(wanted: number, flags: ParkedFlags, print: Print): Promise<void> {
  await withParked(flags, async (parked) => {
    const { event, ...shown } = await parked.show(wanted);
    if (flags.json === true) return print(JSON.stringify({ ...factsOf(shown), event }));
    print(sentence(shown));
    for (const line of errorLines(shown.error)) print(line);
    print(
      event === undefined ? 'the event is not in the store any more' : JSON.stringify(event, undefined, 2),
    );
  });
}

/** @throws {@link InvalidOptionError} unless exactly one of numbers, `--reactor` and `--all` is given. */
function selection(numbers: readonly number[], { reactor, limit, all }: ParkedFlags): ParkedSelection {
  const ways = [numbers.length > 0, reactor !== undefined, all === true].filter(Boolean);
  if (ways.length !== 1) {
    const allowed = 'one of: numbers of parked events, --reactor, --all';
    throw new InvalidOptionError({ option: 'numbers', given: numbers.join(' '), allowed });
  }
  return numbers.length > 0 ? numbers : { reactor, limit };
}

async function withParked(
  { service, ...flags }: ParkedFlags,
  work: (parked: ParkedEvents) => Promise<void>,
): Promise<void> {
  const store = await openRawStore(flags, 'jetsource parked');
  const name = service ?? flags.store;
  try {
    const park = new DeadLetterStream(store.connection, deadLetterStreamName(name));
    await work(new ParkedEvents(store, name, park));
  } finally {
    await store.close();
  }
}

function sentence({ id, parkedAt, position, stream, reactor, attempts, error }: ParkedReaction): string {
  const what = `${position} of ${stream?.toString() ?? 'the log'} for ${reactor}`;
  return `${id}  ${parkedAt.toISOString()}  ${what}, ${attempts} attempts: ${error.name}: ${error.message}`;
}

function factsOf({ stream, ...facts }: ParkedReaction): object {
  return { ...facts, stream: stream?.toString() };
}
