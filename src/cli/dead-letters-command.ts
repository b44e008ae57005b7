import { Command, InvalidArgumentError } from 'commander';
import { assetName } from '../jetstream/streams/asset-name.js';
import { deadLetterStreamName } from '../jetstream/dead-letters/dead-letter-stream-name.js';
import { type DeadLetter, DeadLetterStream } from '../jetstream/dead-letters/dead-letter-stream.js';
import { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';

/** The flags of `jetsource dead-letters`. */
export interface DeadLettersFlags {
  readonly servers: string;
  readonly creds?: string;
  readonly inboxPrefix?: string;
  readonly service?: string;
  readonly stream?: string;
  readonly consumer?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

type Print = (line: string) => void;

/** `jetsource dead-letters`: what the handlers of a service gave up on. */
export function deadLettersCommand(print: Print = console.log): Command {
  const command = new Command('dead-letters').description('what the handlers of a service gave up on');
  const add = (name: string, description: string): Command =>
    withConnection(command.command(name).description(description)).option(
      '--json',
      'print a line of JSON for each',
    );
  const chosen = (name: string, description: string): Command =>
    add(name, description)
      .argument('[numbers...]', 'numbers of the letters, as list prints them', numberList)
      .option('--all', 'all of them, or with --consumer all of that one')
      .option('--consumer <name>', 'with --all: those of one consumer, which is one handler');

  add('list', 'print them, oldest first')
    .option('--consumer <name>', 'those of one consumer, which is one handler')
    .action(async (flags: DeadLettersFlags) => listDeadLetters(flags, print));
  add('show', 'print one in full: headers, body and the stack of its error')
    .argument('<number>', 'its number, as list prints it', number)
    .action(async (wanted: number, flags: DeadLettersFlags) => showDeadLetter(wanted, flags, print));
  chosen('redrive', 'give them back to the handlers that gave up on them').action(
    async (numbers: number[], flags: DeadLettersFlags) => redriveDeadLetters(numbers, flags, print),
  );
  chosen('remove', 'remove them for good').action(async (numbers: number[], flags: DeadLettersFlags) =>
    removeDeadLetters(numbers, flags, print),
  );
  return command;
}

/** @throws {@link DeadLetterNotFoundError} when the stream does not exist. */
export async function listDeadLetters(flags: DeadLettersFlags, print: Print): Promise<void> {
  await withLetters(flags, async (letters) => {
    for await (const letter of letters.list({ consumer: flags.consumer }))
      print(flags.json === true ? JSON.stringify(factsOf(letter)) : sentence(letter));
  });
}

/** @throws {@link DeadLetterNotFoundError} when there is none of that number. */
export async function showDeadLetter(wanted: number, flags: DeadLettersFlags, print: Print): Promise<void> {
  await withLetters(flags, async (letters) => {
    const letter = await letters.get(wanted);
    if (flags.json === true) return print(JSON.stringify({ ...factsOf(letter), ...contentOf(letter) }));
    const { headers, text, base64 } = contentOf(letter);
    print(sentence(letter));
    print(letter.error.stack ?? '');
    for (const [name, values] of Object.entries(headers))
      for (const value of values) print(`${name}: ${value}`);
    print(text ?? base64 ?? '');
  });
}

/** @throws {@link DeadLetterNotFoundError} when there is none of one of the numbers; those before it have been redriven. */
export async function redriveDeadLetters(
  numbers: readonly number[],
  flags: DeadLettersFlags,
  print: Print,
): Promise<void> {
  await forEachChosen(numbers, flags, async (letters, wanted) => {
    print(resultLine(await letters.redrive(wanted), 'redriven', flags));
  });
}

/** @throws {@link DeadLetterNotFoundError} when there is none of one of the numbers; those before it have been removed. */
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

/** One after the other: those that are there when it begins, so that what fails again at once is not redriven without end. */
async function forEachChosen(
  numbers: readonly number[],
  flags: DeadLettersFlags,
  act: (letters: DeadLetterStream, wanted: number) => Promise<void>,
): Promise<void> {
  if ((flags.all === true) === numbers.length > 0) {
    const allowed = 'numbers of letters, or --all; not both';
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
  { servers, creds, inboxPrefix, service, stream }: DeadLettersFlags,
  work: (letters: DeadLetterStream) => Promise<void>,
): Promise<void> {
  const name = stream ?? (service === undefined ? undefined : deadLetterStreamName(service));
  if (name === undefined)
    throw new InvalidOptionError({
      option: '--service',
      given: service,
      allowed: 'the name of a service; or give --stream',
    });
  const connection = await JetStreamConnection.open(
    {
      servers: servers.split(','),
      ...(creds !== undefined && { credentialsFile: creds }),
      ...(inboxPrefix !== undefined && { inboxPrefix }),
    },
    'jetsource dead-letters',
  );
  try {
    await work(new DeadLetterStream(connection, assetName('--stream', name)));
  } finally {
    await connection.close();
  }
}

function withConnection(command: Command): Command {
  return command
    .option('--service <name>', 'the service that gave up: the name of its connection')
    .option('--stream <name>', 'the stream that keeps them (default: <service>-dead-letters)')
    .option(
      '--servers <urls>',
      'where NATS is, with commas between several',
      process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222',
    )
    .option('--creds <file>', 'a credentials file')
    .option('--inbox-prefix <prefix>', 'where this user may listen for answers');
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

/** All but headers and body. */
function factsOf({ headers: _headers, data: _data, ...facts }: DeadLetter): object {
  return facts;
}

interface Content {
  readonly headers: Record<string, string[]>;
  /** The body where it is text. */
  readonly text?: string;
  /** The body where it is none. */
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

function number(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('a number of at least 1 is needed.');
}

function numberList(text: string, before: number[] = []): number[] {
  return [...before, number(text)];
}
