import { Command, InvalidArgumentError } from 'commander';

import { startNatsCluster } from '../testing/start-nats-cluster.js';
import { startNatsServer } from '../testing/start-nats-server.js';

/** The flags of `jetsource nats`. */
export interface NatsFlags {
  readonly port?: number;
  readonly storeDir?: string;
  readonly cluster?: boolean;
  readonly json?: boolean;
}

/** What the command needs of the process around it. */
export interface CommandSurroundings {
  /** Writes a line to the standard output. */
  readonly print: (line: string) => void;
  /** Writes a line to the error output. */
  readonly note: (line: string) => void;
  /** Aborts when a person has had enough. */
  readonly signal: AbortSignal;
}

/** `jetsource nats`: one server, or three, until Ctrl-C. */
export function natsCommand(): Command {
  return new Command('nats')
    .description('start a nats-server with JetStream, fetching it the first time; ends with Ctrl-C')
    .option(
      '--port <number>',
      'port for clients; with --cluster of the first server (default: a free one)',
      port,
    )
    .option('--store-dir <folder>', 'keep the data there (default: a temporary folder, removed at the end)')
    .option('--cluster', 'start a cluster of three servers')
    .option('--json', 'print one line of JSON when ready')
    .action(async (flags: NatsFlags) => {
      const stop = new AbortController();
      // once: a second Ctrl-C while we stop ends us at once, and the servers with us
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
      await runNats(flags, {
        print: (line) => void process.stdout.write(`${line}\n`),
        note: (line) => void process.stderr.write(`${line}\n`),
        signal: stop.signal,
      });
    });
}

/**
 * Starts the server or the cluster, prints where it is, and stops it when the signal aborts.
 * @throws what `startNatsServer` and `startNatsCluster` throw
 */
export async function runNats(flags: NatsFlags, surroundings: CommandSurroundings): Promise<void> {
  const { print, note, signal } = surroundings;
  const started = await start(flags, note);
  try {
    print(flags.json === true ? JSON.stringify(started.told) : sentence(started.told));
    await aborted(signal);
  } finally {
    await started.stop();
  }
}

/** What is printed about the servers that run. */
interface Told {
  /** For clients; of a cluster all of them, separated by commas. */
  readonly url: string;
  readonly version: string;
  readonly storeDirs: readonly string[];
}

async function start(
  { port, storeDir, cluster }: NatsFlags,
  log: (line: string) => void,
): Promise<{ told: Told; stop(): Promise<void> }> {
  const running = await (cluster === true ? startNatsCluster : startNatsServer)({ port, storeDir, log });
  const servers = 'servers' in running ? running.servers : [running];
  const storeDirs = servers.flatMap((server) => server.storeDir ?? []);
  return { told: { url: running.url, version: running.version, storeDirs }, stop: () => running.stop() };
}

function sentence({ url, version }: Told): string {
  return `nats-server ${version} with JetStream is ready: NATS_URL=${url} (Ctrl-C to stop)`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // neither the servers nor signal handlers keep a process alive
    const alive = setInterval(() => undefined, 2 ** 30);
    const end = (): void => {
      clearInterval(alive);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new InvalidArgumentError('a port is an integer from 1 to 65535');
}
