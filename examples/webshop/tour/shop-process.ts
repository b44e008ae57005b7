import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./stuck-shop.js', import.meta.url));

/** An instance of the shop in a process of its own, with a carrier that never answers. */
export class ShopProcess implements AsyncDisposable {
  /** What its outside services did. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #end: Promise<unknown>;

  constructor(servers: string) {
    const child = spawn(process.execPath, [PROGRAM, servers], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    this.#child = child;
    this.#end = once(child, 'close');
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends it as a crash does. When this resolves, it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
