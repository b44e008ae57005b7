import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/collect.js';

const PATIENCE_MS = 60_000;

/** What the calls of all instances came to. */
export interface Calls {
  /** What must not be: a call beside another of its stream, or one with an event before which another one is not handled. */
  readonly faults: string[];
  /** `<stream> <version>` of the events that were handled at least once. */
  readonly handled: ReadonlySet<string>;
  /** Calls with an event that had been handled to its end before. */
  readonly repeated: number;
}

/** Instances in processes of their own, which note their calls in one file, in the order in which they happen. */
export class NotedCalls {
  readonly #file = join(mkdtempSync(join(tmpdir(), 'jetsource-')), 'calls');
  readonly #children = new Set<ChildProcess>();

  /** Starts an instance. Resolves when it runs. */
  async start(
    servers: string,
    name: string,
    ...options: readonly (string | number)[]
  ): Promise<ChildProcess> {
    const script = ['--import', './test/support/register-typescript.mjs', './test/reaction/run-reactor.ts'];
    const args = [...script, servers, name, this.#file, ...options.map(String)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    this.#children.add(child);
    await until('the instance has started', () => this.#says(child, 'started'), PATIENCE_MS);
    return child;
  }

  /** Kills an instance. Resolves when it is gone, and notes that. */
  async kill(child: ChildProcess): Promise<void> {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    this.#children.delete(child);
    appendFileSync(this.#file, `${child.pid} killed\n`);
  }

  /** Notes that a process is suspended: what it does from then on is none of the others' business. */
  suspend(child: ChildProcess): void {
    child.kill('SIGSTOP');
    appendFileSync(this.#file, `${child.pid} killed\n`);
  }

  async stopped(child: ChildProcess): Promise<void> {
    await until('it has stopped', () => this.#says(child, 'stopped'), PATIENCE_MS);
    this.#children.delete(child);
  }

  killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  /** Calls that have begun in a process. */
  begunBy({ pid }: ChildProcess): number {
    return this.#lines().filter((line) => line.startsWith(`${pid} begin`)).length;
  }

  get calls(): Calls {
    const open = new Map<string, string>();
    const last = new Map<string, number>();
    const handled = new Set<string>();
    const faults: string[] = [];
    let repeated = 0;
    for (const line of this.#lines()) {
      const [pid = '', what, stream = '', version] = line.split(' ');
      if (what === 'killed') for (const [key, owner] of open) if (owner === pid) open.delete(key);
      if (what === 'end') {
        open.delete(stream);
        handled.add(`${stream} ${version}`);
      }
      if (what !== 'begin') continue;
      if (open.has(stream)) faults.push(`${line} beside ${open.get(stream)}`);
      // one that is repeated since its acknowledgement was lost may come late
      if (handled.has(`${stream} ${version}`)) repeated += 1;
      else if (version !== '1' && !handled.has(`${stream} ${Number(version) - 1}`))
        faults.push(`${line} after ${last.get(stream)}, before the one before it was handled`);
      open.set(stream, pid);
      last.set(stream, Number(version));
    }
    return { faults, handled, repeated };
  }

  #says({ pid }: ChildProcess, what: string): boolean {
    return this.#lines().includes(`${pid} ${what}`);
  }

  #lines(): string[] {
    return existsSync(this.#file) ? readFileSync(this.#file, 'utf8').split('\n') : [];
  }
}
