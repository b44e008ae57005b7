import { Command } from 'commander';
import { assetName } from '../jetstream/names/asset-name.js';
import { deadLetterStreamName } from '../jetstream/dead-letters/dead-letter-stream-name.js';
import { type DeadLetter, DeadLetterStream } from '../jetstream/dead-letters/dead-letter-stream.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { type ConnectionFlags, openConnection, withConnectionFlags } from './connection-flags.js';
import { errorLines } from './error-lines.js';
import { number, numberList } from './numbers.js';

/** Flags of `jetsource dead-letters`. */
export interface DeadLettersFlags extends ConnectionFlags {
  readonly service?: string;
  readonly stream?: string;
  readonly consumer?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

type Print = (line: string) => void;

/** The command `jetsource dead-letters`: lists, shows, redrives and removes the dead letters of a service. */
export function deadLettersCommand(print: Print = console.log): Command {
  const command = new Command('dead-letters').description(
    'messages that the handlers of a service gave up on',
  );
  const add = (name: string, description: string): Command =>
    withConnection(command.command(name).description(description)).option(
      '--json',
      'print one line of JSON for each dead letter',
    );
  const chosen = (name: string, description: string): Command =>
    add(name, description)
      .argument('[numbers...]', 'numbers of dead letters, as printed by list', numberList)
      .option('--all', 'all dead letters, or with --consumer all of that consumer')
      .option('--consumer <name>', 'with --all: only those of one consumer (each handler has one)');

  add('list', 'print the dead letters, oldest first')
    .option('--consumer <name>', 'only those of one consumer (each handler has one)')
    .action(async (flags: DeadLettersFlags) => listDeadLetters(flags, print));
  add('show', 'print one dead letter in full: headers, body, and the error with its causes')
    .argument('<number>', 'number of the dead letter, as printed by list', number)
    .action(async (wanted: number, flags: DeadLettersFlags) => showDeadLetter(wanted, flags, print));
  chosen('redrive', 'deliver dead letters again to the handlers that gave up on them').action(
    async (numbers: number[], flags: DeadLettersFlags) => redriveDeadLetters(numbers, flags, print),
  );
  chosen('remove', 'delete dead letters').action(async (numbers: number[], flags: DeadLettersFlags) =>
    removeDeadLetters(numbers, flags, print),
  );
  return command;
}

/** @throws {@link DeadLetterNotFoundError} when the dead-letter stream does not exist. */
export async function listDeadLetters(flags: DeadLettersFlags, print: Print): Promise<void> {
  await withLetters(flags, async (letters) => {
    for await (const letter of letters.list({ consumer: flags.consumer }))
      print(flags.json === true ? JSON.stringify(factsOf(letter)) : sentence(letter));
  });
}

/** @throws {@link DeadLetterNotFoundError} when there is no dead letter with the number. */
export async function showDeadLetter(wanted: number, flags: DeadLettersFlags, print: Print): Promise<void> {
  await withLetters(flags, async (letters) => {
    const letter = await letters.get(wanted);
    if (flags.json === true) return print(JSON.stringify({ ...factsOf(letter), ...contentOf(letter) }));
    const { headers, text, base64 } = contentOf(letter);
    print(sentence(letter));
    for (const line of errorLines(letter.error)) print(line);
    for (const [name, values] of Object.entries(headers))
      for (const value of values) print(`${name}: ${value}`);
    print(text ?? base64 ?? '');
  });
}

/**
 * @throws {@link DeadLetterNotFoundError} at the first number without a dead letter. Those before it have
 *   been redriven.
 */
export async function redriveDeadLetters(
  numbers: readonly number[],
  flags: DeadLettersFlags,
  print: Print,
): Promise<void> {
  await forEachChosen(numbers, flags, async (letters, wanted) => {
    print(resultLine(await letters.redrive(wanted), 'redriven', flags));
  });
}

/**
 * @throws {@link DeadLetterNotFoundError} at the first number without a dead letter. Those before it have
 *   been removed.
 */
export async function removeDeadLetters(
  numbers: readonly number[],
  flags: DeadLettersFlags,
  print: Print,
): Promise<void> {
  await forEachChosen(numbers, flags, async (letters, wanted) => {
    const letter = await letters.get(wanted);
    await letters.remove(wanted);
    print(resultLine(letter, 'removed', flags));
  });
}

/**
 * Applies `act` to the chosen dead letters in turn. With `--all` the list is read first, so that one that
 * fails again at once is not redriven endlessly.
 */
async function forEachChosen(
  numbers: readonly number[],
  flags: DeadLettersFlags,
  act: (letters: DeadLetterStream, wanted: number) => Promise<void>,
): Promise<void> {
  if ((flags.all === true) === numbers.length > 0) {
    const allowed = 'either numbers of dead letters, or --all';
    throw new InvalidOptionError({ option: 'numbers', given: numbers.join(' '), allowed });
  }
  await withLetters(flags, async (letters) => {
    const chosen = [...numbers];
    if (flags.all === true)
      for await (const letter of letters.list({ consumer: flags.consumer })) chosen.push(letter.number);
    for (const wanted of chosen) await act(letters, wanted);
  });
}

async function withLetters(
  { service, stream, ...flags }: DeadLettersFlags,
  work: (letters: DeadLetterStream) => Promise<void>,
): Promise<void> {
  const name = stream ?? (service === undefined ? undefined : deadLetterStreamName(service));
  if (name === undefined)
    throw new InvalidOptionError({
      option: '--service',
      given: service,
      allowed: 'the name of a service, unless --stream is given',
    });
  const connection = await openConnection(flags, 'jetsource dead-letters');
  try {
    await work(new DeadLetterStream(connection, assetName('--stream', name)));
  } finally {
    await connection.close();
  }
}

function withConnection(command: Command): Command {
  return withConnectionFlags(
    command
      .option('--service <name>', 'name of the service: the name option of its connection')
      .option('--stream <name>', 'the dead-letter stream (default: <service>-dead-letters)'),
  );
}

function resultLine(letter: DeadLetter, done: string, { json }: DeadLettersFlags): string {
  return json === true
    ? JSON.stringify({ ...factsOf(letter), [done]: true })
    : `${done}: ${sentence(letter)}`;
}

function sentence({
  number: own,
  time,
  subject,
  stream,
  sequence,
  consumer,
  attempts,
  error,
}: DeadLetter): string {
  const what = `${subject} (${stream} ${sequence}) for ${consumer}`;
  return `${own}  ${time.toISOString()}  ${what}, ${attempts} attempts: ${error.name}: ${error.message}`;
}

/** The dead letter without headers and body. */
function factsOf({ headers: _headers, data: _data, ...facts }: DeadLetter): object {
  return facts;
}

interface Content {
  readonly headers: Record<string, string[]>;
  /** The body if it is valid UTF-8. */
  readonly text?: string;
  /** The body otherwise. */
  readonly base64?: string;
}

function contentOf({ headers, data }: DeadLetter): Content {
  const values = Object.fromEntries(headers.keys().map((name) => [name, headers.values(name)]));
  try {
    return { headers: values, text: new TextDecoder('utf-8', { fatal: true }).decode(data) };
  } catch {
    return { headers: values, base64: Buffer.from(data).toString('base64') };
  }
}
