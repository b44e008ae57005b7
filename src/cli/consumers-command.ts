import { Command } from 'commander';
import { listConsumers } from '../jetstream/consume/list-consumers.js';
import { ApiCode } from '../jetstream/api/api-codes.js';
import { findValue } from '../jetstream/connection/expect-value.js';
import { NatsError } from '../jetstream/connection/connection-errors.js';
import type { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { assetName } from '../jetstream/names/asset-name.js';
import { listStreams } from '../jetstream/streams/list-streams.js';
import { Deadline } from '../kernel/deadline.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { reactorLabel } from '../reaction/reactor/reactor-names.js';
import { type ConnectionFlags, openConnection, withConnectionFlags } from './connection-flags.js';
import { isRedrive, listedConsumers, type ListedConsumer } from './listed-consumer.js';

const TIMEOUT_MS = 30_000;

/** Flags of `jetsource consumers`. */
export interface ConsumersFlags extends ConnectionFlags {
  readonly service?: string;
  readonly stream?: string;
  readonly orphans?: boolean;
  readonly unacknowledged?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

type Print = (line: string) => void;

/** The command `jetsource consumers`: who listens to what, and consumers that are left behind. */
export function consumersCommand(print: Print = console.log): Command {
  const command = new Command('consumers').description(
    'the consumers of JetStream streams: which handlers listen to what, and how far they are',
  );
  const add = (name: string, description: string): Command =>
    withConnectionFlags(command.command(name, { isDefault: name === 'list' }).description(description))
      .option('--stream <name>', 'only consumers of that JetStream stream (default: of all streams)')
      .option('--json', 'print one line of JSON for each consumer');

  add('list', 'print the consumers')
    .option('--service <name>', 'only those of that service')
    .option('--orphans', 'only durable ones that no instance reads at this moment')
    .action(async (flags: ConsumersFlags) => printConsumers(flags, print));
  add('remove', 'delete consumers that no instance reads, and with them their positions')
    .argument('<names...>', 'names of consumers, as printed by list')
    .option('--unacknowledged', 'also those with messages that were delivered and not acknowledged')
    .option('--yes', 'remove them; otherwise only print what would be removed')
    .action(async (names: string[], flags: ConsumersFlags) => removeConsumers(names, flags, print));
  return command;
}

/** @throws {@link NatsError} when the user may not list streams or consumers. */
export async function printConsumers(flags: ConsumersFlags, print: Print): Promise<void> {
  await withConsumers(flags, (_, consumers) => {
    const { service, orphans } = flags;
    for (const consumer of consumers) {
      if (service !== undefined && consumer.service !== service) continue;
      if (orphans === true && (consumer.isRead || !consumer.isDurable)) continue;
      print(flags.json === true ? JSON.stringify(consumer) : sentence(consumer));
    }
  });
}

/**
 * Removes consumers, and those that read what is redriven to them.
 *
 * @throws {@link InvalidOptionError} when there is no consumer of a name, when one is in use, and without
 *   `--yes`. Nothing was removed then.
 */
export async function removeConsumers(
  names: readonly string[],
  flags: ConsumersFlags,
  print: Print,
): Promise<void> {
  await withConsumers(flags, async (connection, consumers) => {
    const chosen = names.flatMap((name) => choose(name, consumers));
    for (const consumer of chosen) refuseUsed(consumer, flags);
    for (const consumer of chosen) {
      if (flags.yes === true) await remove(connection, consumer, flags);
      const done = flags.yes === true ? 'removed' : 'wouldBeRemoved';
      print(resultLine(consumer, done, flags));
    }
    if (flags.yes === true) return;
    const allowed =
      'given, to remove these consumers with their positions: a new one begins where its options say';
    throw new InvalidOptionError({ option: '--yes', given: flags.yes, allowed });
  });
}

function choose(name: string, consumers: readonly ListedConsumer[]): ListedConsumer[] {
  assetName('consumer', name);
  const chosen = consumers.filter(({ consumer }) => consumer === name);
  if (chosen.length > 0) return chosen;
  throw new InvalidOptionError({ option: 'consumer', given: name, allowed: 'a name that list prints' });
}

/** One that reads nothing at this moment may be busy with all that it may hold: that is not acknowledged yet. */
function refuseUsed(
  { consumer, stream, isRead, ackPending }: ListedConsumer,
  { unacknowledged }: Pick<ConsumersFlags, 'unacknowledged'>,
): void {
  if (isRead) {
    const allowed = `one that no instance reads; ${consumer} of ${stream} is in use: stop its service first`;
    throw new InvalidOptionError({ option: 'consumer', given: consumer, allowed });
  }
  if (ackPending === 0 || unacknowledged === true) return;
  const allowed = `one whose messages are acknowledged; ${ackPending} of ${consumer} of ${stream} are not, and an instance may be handling them. If none is running, add --unacknowledged`;
  throw new InvalidOptionError({ option: 'consumer', given: consumer, allowed });
}

async function remove(
  connection: JetStreamConnection,
  { stream, consumer }: ListedConsumer,
  flags: ConsumersFlags,
): Promise<void> {
  const doing = `removing consumer ${consumer} of stream ${stream}`;
  const deadline = new Deadline(TIMEOUT_MS);
  const info = await connection.api.consumerInfo({ stream, consumer }, deadline);
  const found = findValue(info, ApiCode.consumerNotFound, doing);
  if (found === undefined) return;
  // a service may have been started since the list was read
  for (const each of await listedConsumers(connection, stream, [found])) refuseUsed(each, flags);
  const removed = await connection.api.deleteConsumer({ stream, consumer }, deadline);
  findValue(removed, ApiCode.consumerNotFound, doing);
}

async function withConsumers(
  flags: ConsumersFlags,
  work: (connection: JetStreamConnection, consumers: readonly ListedConsumer[]) => void | Promise<void>,
): Promise<void> {
  const connection = await openConnection(flags, 'jetsource consumers');
  try {
    await work(connection, await readConsumers(connection, flags.stream));
  } finally {
    await connection.close();
  }
}

/** Those of one stream and what is redriven to them, or those of all streams. */
async function readConsumers(
  connection: JetStreamConnection,
  stream: string | undefined,
): Promise<ListedConsumer[]> {
  const deadline = new Deadline(TIMEOUT_MS);
  if (stream !== undefined) assetName('--stream', stream);
  const consumers: ListedConsumer[] = [];
  for (const each of await listStreams(connection, deadline)) {
    const found = await listConsumers(connection, each, deadline);
    if (found === undefined)
      throw new NatsError(`this user may not publish to ${connection.api.subjects.consumerList(each)}`);
    const listed = await listedConsumers(connection, each, found);
    consumers.push(...listed.toSorted((one, other) => (one.consumer < other.consumer ? -1 : 1)));
  }
  if (stream === undefined) return consumers;
  const own = new Set(consumers.filter((each) => each.stream === stream).map(redriveName));
  return consumers.filter((each) => each.stream === stream || (own.has(each.consumer) && isRedrive(each)));
}

/** What the consumer of what is redriven is called: the lanes of a reactor have one. */
function redriveName({ consumer, service, reactor }: ListedConsumer): string {
  return service === undefined || reactor === undefined ? consumer : reactorLabel({ service, reactor });
}

function resultLine(
  consumer: ListedConsumer,
  done: 'removed' | 'wouldBeRemoved',
  { json }: ConsumersFlags,
): string {
  if (json === true) return JSON.stringify({ ...consumer, [done]: true });
  return `${done === 'removed' ? 'removed' : 'would be removed'}: ${sentence(consumer)}`;
}

function sentence(consumer: ListedConsumer): string {
  const { stream, consumer: name, pending, ackPending, redelivered, lastActive } = consumer;
  const counts = `${pending} pending, ${ackPending} unacknowledged, ${redelivered} redelivered`;
  const activity = lastActive === undefined ? 'never active' : `last active ${lastActive.toISOString()}`;
  return `${stream}  ${name}  ${whose(consumer)}: ${counts}, ${activity}, ${readerOf(consumer)}`;
}

function whose(listed: ListedConsumer): string {
  const { service, handler, method, filters, lane, lanes } = listed;
  const handled = listed.reactor === undefined ? listed.pattern : `reactor ${listed.reactor}`;
  const what = isRedrive(listed) ? `dead letters of ${handled ?? 'a handler'}` : handled;
  if (what === undefined) return filters.length === 0 ? 'all subjects' : filters.join(' ');
  const part = lane === undefined ? undefined : `lane ${lane} of ${lanes}`;
  const parts = [
    what,
    part,
    handler,
    method === handler ? undefined : method,
    service && `service ${service}`,
  ];
  return parts.filter((text) => text !== undefined).join(', ');
}

function readerOf({ isRead, isDurable, ackPending }: ListedConsumer): string {
  if (isRead) return 'in use';
  if (ackPending > 0) return 'perhaps in use';
  return isDurable ? 'not in use' : 'not in use, not durable';
}
