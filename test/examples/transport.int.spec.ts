import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { until } from '../support/collect.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const running: Program[] = [];
let server: NatsServer;

beforeAll(async () => {
  server = await startNatsServer();
}, 60_000);

afterEach(async () => {
  await Promise.all(running.splice(0).map(async (program) => program.stop()));
});

afterAll(async () => server.stop());

/** One program of the example, started as a user would. */
class Program {
  readonly #child: ChildProcess;
  #output = '';

  constructor(name: string) {
    const loader = join(root, 'test/support/register-typescript.mjs');
    this.#child = spawn(process.execPath, ['--import', loader, join(root, 'examples/transport', name)], {
      cwd: root,
      env: { ...process.env, NATS_URL: server.url, PORT: '0', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    running.push(this);
  }

  async prints(text: string): Promise<void> {
    await until(`"${text}" is printed`, () => this.#output.includes(text), 30_000);
  }

  /** The response of the program for a path. Waits until the program runs. */
  async get(path: string): Promise<unknown> {
    await this.prints('stop with Ctrl-C');
    const url = /Try (http:.*?)\/create/.exec(this.#output)?.[1];
    const answer = await fetch(`${url}${path}`);
    if (!answer.ok) throw new TypeError(`${path} was answered with ${answer.status}`);
    return answer.json();
  }

  /** Sends SIGINT, like Ctrl-C. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGINT');
    await once(this.#child, 'exit');
  }
}

describe('the example of the transport', () => {
  it('sends and handles events and requests in one application', async () => {
    const app = new Program('main.ts');
    expect(await app.get('/create')).toMatchObject({ stream: 'orders' });
    await app.get('/update');
    const { seq } = (await app.get('/delete')) as { seq: number };
    expect(await app.get('/delete')).toMatchObject({ seq, duplicate: true });
    expect(await app.get('/sum')).toBe(6);
    await app.prints('order 1 was created: 1 × Socks');
    await app.prints('order 1 was updated: 10');
    await app.prints('order 1 was deleted');
    expect(await app.get('/health')).toMatchObject({
      status: 'ok',
      info: { 'nats-jetstream': { status: 'up', consumers: { length: 3 } } },
    });
  }, 60_000);

  it('works as two processes, also if the listener starts later', async () => {
    const publisher = new Program('publisher.ts');
    await publisher.get('/create');
    const listener = new Program('listener.ts');
    await listener.prints('order 1 was created');
    await publisher.get('/update');
    await listener.prints('order 1 was updated: 10');
    expect(await publisher.get('/sum')).toBe(6);
  }, 60_000);
});
