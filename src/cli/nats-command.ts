import { Command, InvalidArgumentError } from 'commander';

import { NatsServerUnavailableError } from '../testing/nats-server-unavailable-error.js';
import type { NatsServer } from '../testing/nats-server.js';
import { OwnedNatsServer } from '../testing/owned-nats-server.js';
import { startNatsCluster } from '../testing/start-nats-cluster.js';
import { startNatsServer } from '../testing/start-nats-server.js';

/** Flags of `jetsource nats`. */
export interface NatsFlags {
  readonly port?: number;
  readonly storeDir?: string;
  readonly cluster?: boolean;
  readonly json?: boolean;
}

/** Output and signal of the process that runs the command. */
export interface CommandSurroundings {
  /** Writes a line to stdout. */
  readonly print: (line: string) => void;
  /** Writes a line to stderr. */
  readonly note: (line: string) => void;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The command `jetsource nats`: runs one server or a cluster of three until Ctrl-C. */
export function natsCommand(): Command {
  return new Command('nats')
    .description('run a nats-server with JetStream until Ctrl-C; fetches the program if the machine has none')
    .option(
      '--port <number>',
      'client port; with --cluster the port of the first server (default: a free port)',
      port,
    )
    .option(
      '--store-dir <folder>',
      'store folder, kept at the end (default: a temporary folder, removed at the end)',
    )
    .option('--cluster', 'run a cluster of three servers')
    .option('--json', 'print one line of JSON when ready')
    .action(async (flags: NatsFlags) => {
      const stop = new AbortController();
      // once: a second Ctrl-C ends this process at once, and the servers with it
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
      await runNats(flags, {
        print: (line) => void process.stdout.write(`${line}\n`),
        note: (line) => void process.stderr.write(`${line}\n`),
        signal: stop.signal,
      });
    });
}

/**
 * Starts the server or the cluster, prints its URL, and stops it when the signal aborts. That also aborts the
 * start.
 *
 * @throws what `startNatsServer` and `startNatsCluster` throw, and {@link NatsServerUnavailableError} when
 *   the server ends by itself, or a cluster loses its majority
 */
export async function runNats(flags: NatsFlags, surroundings: CommandSurroundings): Promise<void> {
  const started = await startUnlessAborted(flags, surroundings);
  if (started === undefined) return;
  try {
    surroundings.print(flags.json === true ? JSON.stringify(started.told) : sentence(started.told));
    await untilOver(started.servers, surroundings);
  } finally {
    await started.stop();
  }
}

/** What is printed about the running servers. */
interface Told {
  /** Client URL; for a cluster all URLs, separated by commas. */
  readonly url: string;
  readonly version: string;
  readonly storeDirs: readonly string[];
}

interface Started {
  readonly told: Told;
  readonly servers: readonly NatsServer[];
  stop(): Promise<void>;
}

async function startUnlessAborted(
  flags: NatsFlags,
  surroundings: CommandSurroundings,
): Promise<Started | undefined> {
  try {
    return await start(flags, surroundings);
  } catch (error) {
    if (surroundings.signal.aborted) return undefined;
    throw error;
  }
}

async function start(
  { port, storeDir, cluster }: NatsFlags,
  { note, signal }: CommandSurroundings,
): Promise<Started> {
  const options = { port, storeDir, log: note, signal };
  const running = await (cluster === true ? startNatsCluster(options) : startNatsServer(options));
  const servers = 'servers' in running ? running.servers : [running];
  const storeDirs = servers.flatMap((server) => server.storeDir ?? []);
  const told = { url: running.url, version: running.version, storeDirs };
  return { told, servers, stop: () => running.stop() };
}

function sentence({ url, version }: Told): string {
  return `nats-server ${version} with JetStream is ready: NATS_URL=${url} (Ctrl-C to stop)`;
}

async function untilOver(servers: readonly NatsServer[], surroundings: CommandSurroundings): Promise<void> {
  // keeps the process alive: neither the servers nor signal handlers do
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    await Promise.race([aborted(surroundings.signal), majorityLost(servers, surroundings)]);
  } finally {
    clearInterval(alive);
  }
}

/** Rejects when the majority of the servers has ended by itself. Notes each server that ended before that. */
function majorityLost(servers: readonly NatsServer[], { note, signal }: CommandSurroundings): Promise<never> {
  let running = servers.length;
  return new Promise((_, reject) => {
    const onEnd = (url: string, report: string): void => {
      if (signal.aborted) return;
      running -= 1;
      const message = `the nats-server at ${url} ${report}`;
      if (running * 2 > servers.length) note(message);
      else reject(new NatsServerUnavailableError(message));
    };
    // only servers that this process started report their end
    for (const server of servers.filter((candidate) => candidate instanceof OwnedNatsServer)) {
      const { url } = server;
      void server.exitReport().then((report) => onEnd(url, report));
    }
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new InvalidArgumentError('must be an integer from 1 to 65535.');
}
