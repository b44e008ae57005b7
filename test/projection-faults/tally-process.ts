import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Tally } from './tallies.js';

/** What a process that runs tallies is told. */
export interface TallySettings {
  /** URL of the nats-server. */
  readonly servers: string;
  /** Name of the store. */
  readonly name: string;
  /** Connection string of the database. */
  readonly database: string;
  /** Name of the process. */
  readonly member: string;
  readonly tallies: readonly Tally[];
  /** Stops itself with SIGSTOP in the handler of the event with this number. @default never */
  readonly freezeAt?: number | undefined;
  /** Kills itself in the so many-th call of a handler. @default never */
  readonly killAt?: number | undefined;
  readonly idleTransactionMs?: number | undefined;
}

/** What a process says of a projection. */
export interface SaidStatus {
  readonly name: string;
  readonly state: string;
  readonly isServing?: boolean;
  readonly error?: string;
  /** The lanes that it runs. */
  readonly owned: readonly number[];
}

/** A process that runs tallies. */
export class TallyProcess {
  readonly member: string;
  /** What it said of its errors. */
  readonly errors: string[] = [];
  status: readonly SaidStatus[] = [];
  /** How often its handlers were called. */
  calls = 0;
  /** The number of the event at which it stops or kills itself, once it is there. */
  reached: number | undefined;
  readonly #child: ChildProcess;
  #hasEnded = false;

  constructor(settings: TallySettings) {
    this.member = settings.member;
    const script = ['--import', './test/support/register-typescript.mjs'];
    const program = './test/projection-faults/run-tallies.ts';
    this.#child = spawn(process.execPath, [...script, program, JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.on('exit', () => (this.#hasEnded = true));
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The state of a projection, as the process said last. */
  stateOf(name: string): string | undefined {
    return this.status.find((status) => status.name === name)?.state;
  }

  /** The lanes of a projection that it runs. */
  lanesOf(name: string): readonly number[] {
    return this.status.find((status) => status.name === name)?.owned ?? [];
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  #hear(line: string): void {
    const said = JSON.parse(line) as {
      status?: readonly SaidStatus[];
      calls?: number;
      error?: string;
      projection?: string;
      reached?: number;
    };
    if (said.status !== undefined) this.status = said.status;
    if (said.calls !== undefined) this.calls = said.calls;
    if (said.reached !== undefined) this.reached = said.reached;
    if (said.error !== undefined) this.errors.push(`${said.projection}: ${said.error}`);
  }
}
