import { type ChildProcess, spawn } from 'node:child_process';
import type { NoterSettings } from './noters.js';

/** An instance of the service in a process of its own. */
export class NoterProcess {
  readonly #child: ChildProcess;
  #hasEnded = false;
  #isSuspended = false;

  constructor(settings: NoterSettings) {
    const script = ['--import', './test/support/register-typescript.mjs', './test/faults/note-calls.ts'];
    this.#child = spawn(process.execPath, [...script, JSON.stringify(settings)], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    this.#child.on('exit', () => (this.#hasEnded = true));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  suspend(): void {
    this.#isSuspended = true;
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#isSuspended = false;
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
