import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { emitFirst, emitNumbers, onlyConsumer } from './consumer-state.js';
import { uniqueStream } from './shared-client.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

interface Listening {
  readonly child: ChildProcess;
  readonly begun: number[];
  readonly ended: number[];
}

/** A process of the service, as soon as it listens. */
async function listen(name: string): Promise<Listening> {
  const loader = join(root, 'test/support/register-typescript.mjs');
  const program = join(root, 'test/support/listen-to-numbers.ts');
  const child = spawn(process.execPath, ['--import', loader, program, sharedServerUrl(), name], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const begun: number[] = [];
  const ended: number[] = [];
  let isReady = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word, number] = line.split(' ');
    if (word === 'ready') isReady = true;
    if (word === 'begin') begun.push(Number(number));
    if (word === 'end') ended.push(Number(number));
  });
  await until('the process listens', () => isReady, 20_000);
  return { child, begun, ended };
}

describe('two processes of one service', () => {
  it('share events, and lose none when one of them is killed', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await emitFirst(streamConfig, 0);
    const [one, other] = await Promise.all([listen(name), listen(name)]);
    const emitting = emitNumbers(name, 600);
    await until('both work', () => one.ended.length > 50 && other.ended.length > 50);
    one.child.kill('SIGKILL');
    await emitting;
    await until('all are acknowledged', async () => (await onlyConsumer(name)).ack_floor.stream_seq === 600);
    // their output may arrive after the server has the acknowledgements
    await until('all have been handled', () => new Set([...one.ended, ...other.ended]).size === 600);
    // only events that the killed process had taken were delivered again
    const twice = other.begun.filter((number) => one.begun.includes(number));
    expect(twice.length).toBeLessThan(60);
  }, 60_000);
});
