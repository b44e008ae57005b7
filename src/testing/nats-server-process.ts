import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { constants } from 'node:os';
import { isNativeError } from 'node:util/types';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { WaitTimeoutError } from '../projection/projection-errors.js';
import { sleep } from '../kernel/sleep.js';
import { KEEP_FOLDER, START_SERVER, supervisorCommand } from './supervisor-command.js';

/** What a process is started with. */
export interface ProcessSettings {
  readonly program: string;
  /** Arguments of nats-server, without `--ports_file_dir`. */
  readonly args: readonly string[];
  /** Added to our own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Holds the process's own files; removed by `stop`, and when we end in whatever way. */
  readonly folder: string;
  readonly startTimeoutMs: number;
  /** Is told of each process that keeps the store busy, before the process does. */
  readonly onProcess: (pid: number) => Promise<void>;
}

/** Where a started process listens. */
export interface ServerPorts {
  readonly pid: number;
  /** Client URL. */
  readonly url: string;
  /** Base URL of HTTP monitoring, when it was asked for. */
  readonly monitoringUrl: string | undefined;
}

const POLL_MS = 10;
/** The supervisor gives a server 5 s to end by itself; what is above is for a loaded machine. */
const END_TIMEOUT_MS = 15_000;

/** One run of nats-server below its supervisor. Neither keeps this process alive. */
export class NatsServerProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #logFile: string;
  /** Resolves when the server is gone. */
  readonly #exited: Promise<void>;
  /** Resolves when the supervisor is gone as well. */
  readonly #closed: Promise<void>;
  #alive = true;
  #report = 'it is not known how';
  #ports: ServerPorts | undefined;

  private constructor(child: ChildProcess, folder: string, logFile: string) {
    this.#child = child;
    this.#folder = folder;
    this.#logFile = logFile;
    this.#closed = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', (code) => {
        // Windows has no supervisor that reports
        if (child.stdout === null) this.#report = howItEnded(code);
        resolve();
      });
    });
    const reported = new Promise<void>((resolve) => {
      child.stdout?.once('data', (report: Buffer) => {
        this.#report = howItEnded(Number(/\d+/.exec(report.toString())?.[0]));
        resolve();
      });
    });
    this.#exited = Promise.race([reported, this.#closed]).then(() => {
      this.#alive = false;
    });
    // a supervisor that died first must not take us down by a write to its stdin
    child.stdin?.on('error', () => undefined);
    unref(child);
  }

  /**
   * @throws {@link NatsServerUnavailableError} when the server does not start; the message holds its last words, and the
   *   folder stays for another try. Also the signal's reason when that aborts
   */
  static async start(settings: ProcessSettings, signal?: AbortSignal): Promise<NatsServerProcess> {
    const runFolder = await mkdtemp(join(settings.folder, 'run-'));
    const logFile = join(runFolder, 'server.log');
    const log = await open(logFile, 'a');
    try {
      const args = [...settings.args, '--ports_file_dir', runFolder];
      const started = new NatsServerProcess(spawnServer(settings, args, log.fd), settings.folder, logFile);
      await started.#run(runFolder, settings, signal);
      return started;
    } finally {
      await log.close();
    }
  }

  get ports(): ServerPorts {
    if (this.#ports !== undefined) return this.#ports;
    throw new NatsServerUnavailableError('the nats-server is not ready yet');
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Sends a signal to the server itself, if it still runs. */
  signal(name: NodeJS.Signals): void {
    if (!this.#alive) return;
    try {
      process.kill(this.ports.pid, name);
    } catch (error) {
      // it ended by itself and the supervisor's report is on its way
      if (!isNativeError(error) || !('code' in error) || error.code !== 'ESRCH') throw error;
    }
  }

  /** Resolves when the server is gone. */
  async ended(): Promise<void> {
    await within(this.#exited, 'the end of the nats-server');
  }

  /** Resolves when the server is gone for whatever reason, with that and with its last words. */
  async epitaph(): Promise<string> {
    await this.#exited;
    return `ended (${this.#report}); its last words:\n${await lastWords(this.#logFile)}`;
  }

  /** Lets go of the supervisor of a server that has ended, leaving the files. */
  async release(): Promise<void> {
    this.#child.stdin?.end(KEEP_FOLDER);
    await within(this.#closed, 'the end of the supervisor');
  }

  /** Ends the server and removes the folder. */
  async stop(): Promise<void> {
    if (this.#child.stdin === null) this.#child.kill();
    else this.#child.stdin.end();
    await within(this.#closed, 'the end of the nats-server');
    // Windows has no supervisor that does it
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #run(runFolder: string, settings: ProcessSettings, signal?: AbortSignal): Promise<void> {
    const { onProcess, startTimeoutMs } = settings;
    try {
      // no id: it could not be spawned
      if (this.#child.pid !== undefined) await onProcess(this.#child.pid);
      this.#child.stdin?.write(START_SERVER);
      this.#ports = await this.#untilReady(runFolder, startTimeoutMs, signal);
      // should the supervisor be killed, its server may outlive it for a moment
      await onProcess(this.#ports.pid);
    } catch (error) {
      if (this.#child.stdin === null) this.#child.kill();
      await this.release();
      throw error;
    }
  }

  async #untilReady(runFolder: string, timeoutMs: number, signal?: AbortSignal): Promise<ServerPorts> {
    const deadline = performance.now() + timeoutMs;
    while (this.#alive && performance.now() < deadline) {
      const ports = await readPorts(runFolder);
      if (ports !== undefined) return ports;
      await sleep(POLL_MS, signal);
    }
    const words = await lastWords(this.#logFile);
    const fault = this.#alive ? `was not ready within ${timeoutMs} ms` : 'ended at once';
    throw new NatsServerUnavailableError(`the nats-server ${fault}; its last words:\n${words}`);
  }
}

function spawnServer(settings: ProcessSettings, args: readonly string[], log: number): ChildProcess {
  const env = { ...process.env, ...settings.env };
  // Windows has no sh: there the server outlives a parent that is killed
  if (process.platform === 'win32') {
    return spawn(settings.program, [...args], { env, stdio: ['ignore', 'ignore', log], windowsHide: true });
  }
  const supervisor = supervisorCommand(settings.folder, settings.program, args);
  // a session of its own: Ctrl-C in the terminal is for us, and we stop the server in order
  return spawn(supervisor.command, [...supervisor.args], {
    env,
    stdio: ['pipe', 'pipe', log],
    detached: true,
  });
}

function unref(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout]) {
    if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref();
  }
}

/** @param code as sh reports it: of a signal it makes 128 and its number */
function howItEnded(code: number | null): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === Number(code) - 128)?.[0];
  return signal === undefined ? `exit code ${code}` : `by ${signal}`;
}

async function readPorts(folder: string): Promise<ServerPorts | undefined> {
  const name = (await readdir(folder)).find((candidate) => candidate.endsWith('.ports'));
  const pid = Number(/_(\d+)\.ports$/.exec(name ?? '')?.[1]);
  if (name === undefined || Number.isNaN(pid)) return undefined;
  try {
    const told = JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<
      string,
      string[] | undefined
    >;
    const url = told['nats']?.[0];
    return url === undefined ? undefined : { pid, url, monitoringUrl: told['monitoring']?.[0] };
  } catch {
    return undefined; // half written: the next look will do
  }
}

async function lastWords(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  const lines = text.trim().split('\n').slice(-8);
  const fatal = lines.filter((line) => line.includes('[FTL]'));
  return (fatal.length > 0 ? fatal : lines).join('\n') || '(none)';
}

async function within(event: Promise<void>, what: string): Promise<void> {
  const controller = new AbortController();
  const limit = sleep(END_TIMEOUT_MS, controller.signal).then(
    () => true,
    () => false,
  );
  try {
    if (!(await Promise.race([event.then(() => false), limit]))) return;
    throw new WaitTimeoutError({ what, timeoutMs: END_TIMEOUT_MS, progress: 'it may still run' });
  } finally {
    controller.abort();
  }
}
