import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { constants } from 'node:os';
import { isNativeError } from 'node:util/types';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { WaitTimeoutError } from '../projection/projection-errors.js';
import { sleep } from '../kernel/sleep.js';
import { KEEP_FOLDER, START_SERVER, supervisorCommand } from './supervisor-command.js';

/** Settings of a nats-server process. */
export interface ProcessSettings {
  readonly program: string;
  /** Arguments of nats-server except `--ports_file_dir`. */
  readonly args: readonly string[];
  /** Environment variables, added to those of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder for the files of the process. Removed by `stop`, and when this process ends for any reason. */
  readonly folder: string;
  readonly startTimeoutMs: number;
  /** Called with the id of each process that uses the store, before it does. */
  readonly onProcess: (pid: number) => Promise<void>;
}

/** Where a started server listens. */
export interface ServerPorts {
  readonly pid: number;
  /** Client URL. */
  readonly url: string;
  /** Base URL of HTTP monitoring, if it is enabled. */
  readonly monitoringUrl: string | undefined;
}

const POLL_MS = 10;
/** The supervisor gives a server 5 s to end by itself; the rest allows for a loaded machine. */
const END_TIMEOUT_MS = 15_000;

/** One run of nats-server under its supervisor. Neither keeps this process alive. */
export class NatsServerProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #logFile: string;
  /** Resolves when the server is gone. */
  readonly #exited: Promise<void>;
  /** Resolves when the supervisor has ended as well. */
  readonly #closed: Promise<void>;
  #alive = true;
  #report = 'unknown reason';
  #ports: ServerPorts | undefined;

  private constructor(child: ChildProcess, folder: string, logFile: string) {
    this.#child = child;
    this.#folder = folder;
    this.#logFile = logFile;
    this.#closed = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', (code) => {
        // on Windows there is no supervisor that reports the exit code
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
    // writing to the stdin of a supervisor that has ended must not crash this process
    child.stdin?.on('error', () => undefined);
    unref(child);
  }

  /**
   * @throws {@link NatsServerUnavailableError} when the server does not start. The message contains its last
   *   log lines. The folder is kept for another attempt.
   * @throws the signal's reason when it aborts
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

  /** Sends a signal to the server if it still runs. */
  signal(name: NodeJS.Signals): void {
    if (!this.#alive) return;
    try {
      process.kill(this.ports.pid, name);
    } catch (error) {
      // ESRCH: the server ended by itself and the supervisor has not reported it yet
      if (!isNativeError(error) || !('code' in error) || error.code !== 'ESRCH') throw error;
    }
  }

  /** Resolves when the server is gone. */
  async ended(): Promise<void> {
    await within(this.#exited, 'the end of the nats-server');
  }

  /** Resolves when the server has ended for any reason, with that reason and its last log lines. */
  async exitReport(): Promise<string> {
    await this.#exited;
    return `ended (${this.#report}); its last log lines:\n${await lastLogLines(this.#logFile)}`;
  }

  /** Ends the supervisor of a server that has ended. Keeps the files. */
  async release(): Promise<void> {
    this.#child.stdin?.end(KEEP_FOLDER);
    await within(this.#closed, 'the end of the supervisor');
  }

  /** Stops the server and removes the folder. */
  async stop(): Promise<void> {
    if (this.#child.stdin === null) this.#child.kill();
    else this.#child.stdin.end();
    await within(this.#closed, 'the end of the nats-server');
    // on Windows there is no supervisor that removes it
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #run(runFolder: string, settings: ProcessSettings, signal?: AbortSignal): Promise<void> {
    const { onProcess, startTimeoutMs } = settings;
    try {
      // without an id the process could not be spawned
      if (this.#child.pid !== undefined) await onProcess(this.#child.pid);
      this.#child.stdin?.write(START_SERVER);
      this.#ports = await this.#untilReady(runFolder, startTimeoutMs, signal);
      // if the supervisor is killed, its server can outlive it for a moment
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
    const lines = await lastLogLines(this.#logFile);
    const fault = this.#alive ? `was not ready within ${timeoutMs} ms` : 'ended during its start';
    throw new NatsServerUnavailableError(`the nats-server ${fault}; its last log lines:\n${lines}`);
  }
}

function spawnServer(settings: ProcessSettings, args: readonly string[], log: number): ChildProcess {
  const env = { ...process.env, ...settings.env };
  // Windows has no sh: the server outlives a parent process that is killed
  if (process.platform === 'win32') {
    return spawn(settings.program, [...args], { env, stdio: ['ignore', 'ignore', log], windowsHide: true });
  }
  const supervisor = supervisorCommand(settings.folder, settings.program, args);
  // detached, so that Ctrl-C in the terminal reaches only this process, which then stops the server
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

/** @param code Exit code as sh reports it: 128 plus the number for a signal. */
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
    return undefined; // half written: the next attempt reads it
  }
}

async function lastLogLines(logFile: string): Promise<string> {
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
