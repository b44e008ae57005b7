import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hasJetsourceBrand } from '../kernel/jetsource-error.js';
import { sleep } from '../kernel/sleep.js';
import { NatsServerProcess } from './nats-server-process.js';
import type { NatsServer } from './nats-server.js';
import type { NatsServerBinary } from './nats-server-source.js';
import { StoreLock } from './store-lock.js';

/** Settings of an {@link OwnedNatsServer}. */
export interface OwnedServerSettings {
  readonly binary: NatsServerBinary;
  /** Client port, -1 for a free one. */
  readonly port: number;
  /** Store folder, kept at stop; undefined for a temporary one. */
  readonly storeDir: string | undefined;
  /**
   * Whether each write is synced to disk before it is acknowledged. Cannot be combined with `-c` in `args`.
   */
  readonly syncAlways: boolean;
  /** Key for encryption at rest. Cannot be combined with `-c` in `args`. */
  readonly encryptionKey?: string | undefined;
  /** Additional arguments of nats-server. */
  readonly args: readonly string[];
  /** Environment variables, added to those of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Timeout of each start in milliseconds. */
  readonly startTimeoutMs: number;
}

/** A server that this process started. */
export class OwnedNatsServer implements NatsServer {
  readonly storeDir: string;
  readonly version: string;
  readonly #settings: OwnedServerSettings;
  /** Temporary folder for run files, and for the store unless `storeDir` was given. */
  readonly #folder: string;
  /** Undefined for a temporary store, which no other process uses. */
  readonly #lock: StoreLock | undefined;
  #process: NatsServerProcess;

  private constructor(settings: OwnedServerSettings, folders: Folders, process: NatsServerProcess) {
    this.storeDir = folders.storeDir;
    this.version = settings.binary.version;
    this.#settings = settings;
    this.#folder = folders.folder;
    this.#lock = folders.lock;
    this.#process = process;
  }

  /**
   * @throws {@link NatsServerUnavailableError} when the server does not start, or another process uses the
   *   store folder
   */
  static async start(settings: OwnedServerSettings, signal?: AbortSignal): Promise<OwnedNatsServer> {
    signal?.throwIfAborted();
    const folder = await mkdtemp(join(tmpdir(), 'jetsource-nats-'));
    let lock: StoreLock | undefined;
    try {
      const storeDir = settings.storeDir ?? join(folder, 'store');
      await mkdir(storeDir, { recursive: true });
      if (settings.storeDir !== undefined) lock = await StoreLock.take(storeDir);
      const lines = jetStreamLines(settings);
      // the file may contain the encryption key
      if (lines.length > 0) {
        const config = `jetstream {\n${lines.join('\n')}\n}\n`;
        await writeFile(configFile(folder), config, { mode: 0o600 });
      }
      const folders = { folder, storeDir, lock };
      const started = await startProcess(settings, folders, signal);
      return new OwnedNatsServer(settings, folders, started);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      await lock?.release();
      throw error;
    }
  }

  get url(): string {
    return this.#process.ports.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get pid(): number {
    return this.#process.ports.pid;
  }

  /** Base URL of HTTP monitoring, if the arguments enable it. */
  get monitoringUrl(): string | undefined {
    return this.#process.ports.monitoringUrl;
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' = 'SIGKILL'): Promise<void> {
    this.#process.signal(signal);
    await this.#process.ended();
  }

  signal(name: NodeJS.Signals): void {
    this.#process.signal(name);
  }

  async restart(): Promise<void> {
    const port = this.port;
    await this.kill('SIGTERM');
    const ended = this.#process;
    const folders = { folder: this.#folder, storeDir: this.storeDir, lock: this.#lock };
    // the old supervisor guards the folder until the new one does
    this.#process = await restartProcess(this.#settings, folders, port);
    await ended.release();
  }

  /** Resolves when the process has ended for any reason, with that reason and its last log lines. */
  exitReport(): Promise<string> {
    return this.#process.exitReport();
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await this.#lock?.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

interface Folders {
  readonly folder: string;
  readonly storeDir: string;
  readonly lock: StoreLock | undefined;
}

function startProcess(
  settings: OwnedServerSettings,
  folders: Folders,
  signal?: AbortSignal,
): Promise<NatsServerProcess> {
  const own = ['-js', '-sd', folders.storeDir, '-a', '127.0.0.1', '-p', String(settings.port)];
  // these settings have no command-line flags
  if (jetStreamLines(settings).length > 0) own.push('-c', configFile(folders.folder));
  const process = {
    program: settings.binary.path,
    args: [...own, ...settings.args],
    env: settings.env,
    folder: folders.folder,
    startTimeoutMs: settings.startTimeoutMs,
    onProcess: async (pid: number) => folders.lock?.add(pid),
  };
  return NatsServerProcess.start(process, signal);
}

function jetStreamLines({ syncAlways, encryptionKey }: OwnedServerSettings): string[] {
  const lines = syncAlways ? ['sync_interval: always'] : [];
  // in quotes, because nats-server parses a key that begins with digits as a number
  if (encryptionKey !== undefined) lines.push('cipher: chacha', `key: ${JSON.stringify(encryptionKey)}`);
  return lines;
}

function configFile(folder: string): string {
  return join(folder, 'jetstream.conf');
}

/**
 * Like `startProcess`, but retries while another program uses the port, such as a client's outgoing
 * connection.
 */
async function restartProcess(
  settings: OwnedServerSettings,
  folders: Folders,
  port: number,
): Promise<NatsServerProcess> {
  const deadline = performance.now() + settings.startTimeoutMs;
  for (;;) {
    try {
      return await startProcess({ ...settings, port }, folders);
    } catch (error) {
      const busy = hasJetsourceBrand(error) && error.message.includes('address already in use');
      if (!busy || performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}
