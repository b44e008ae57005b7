import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { BINARY_STEPS, resolveNatsServer } from '../../src/testing/resolve-nats-server.js';
import { START_SERVER, supervisorCommand } from '../../src/testing/supervisor-command.js';

// spawns the supervisor like nats-server-process.ts, and waits to be killed
const PARENT = `
const { command, args, input } = JSON.parse(process.argv[1]);
const stdio = ['pipe', 'pipe', 'ignore'];
require('node:child_process').spawn(command, args, { stdio, detached: true }).stdin.write(input);
setInterval(() => undefined, 1000);
`;

describe('the supervisor, when its parent is killed', () => {
  // the first test may download the server
  it('stops the server and removes the folder', async () => {
    const { parent, folder, pid } = await startParent();
    parent.kill('SIGKILL');
    expect(await becomesTrue(() => !isAlive(pid))).toBe(true);
    expect(await becomesTrue(() => !existsSync(folder))).toBe(true);
  }, 180_000);

  it('stops a suspended server', async () => {
    const { parent, folder, pid } = await startParent();
    process.kill(pid, 'SIGSTOP');
    parent.kill('SIGKILL');
    expect(await becomesTrue(() => !isAlive(pid))).toBe(true);
    expect(await becomesTrue(() => !existsSync(folder))).toBe(true);
  });

  it('removes the folder after the server has ended, not before', async () => {
    const { parent, folder, pid } = await startParent();
    process.kill(pid, 'SIGKILL');
    expect(await becomesTrue(() => !isAlive(pid))).toBe(true);
    await sleep(200);
    expect(existsSync(folder)).toBe(true);
    parent.kill('SIGKILL');
    expect(await becomesTrue(() => !existsSync(folder))).toBe(true);
  });

  it('starts no server without the start command, and removes the folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'jetsource-spec-'));
    const started = `${folder}-started`;
    const { command, args } = supervisorCommand(folder, 'touch', [started]);
    const supervisor = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    await sleep(200);
    expect([folder, started].filter((path) => existsSync(path))).toEqual([folder]);
    supervisor.stdin.end();
    await once(supervisor, 'exit');
    expect([folder, started].filter((path) => existsSync(path))).toEqual([]);
  });
});

async function startParent() {
  const binary = await resolveNatsServer(BINARY_STEPS);
  const folder = await mkdtemp(join(tmpdir(), 'jetsource-spec-'));
  const args = [
    '-js',
    '-sd',
    join(folder, 'store'),
    '-a',
    '127.0.0.1',
    '-p',
    '-1',
    '--ports_file_dir',
    folder,
  ];
  const command = supervisorCommand(folder, binary.path, args);
  const parent = spawn(
    process.execPath,
    ['-e', PARENT, JSON.stringify({ ...command, input: START_SERVER })],
    {
      stdio: 'ignore',
    },
  );
  await once(parent, 'spawn');
  await becomesTrue(() => portsFile(folder) !== undefined);
  return { parent, folder, pid: Number(/_(\d+)\./.exec(portsFile(folder) ?? '')?.[1]) };
}

function portsFile(folder: string): string | undefined {
  return readdirSync(folder).find((name) => name.endsWith('.ports'));
}

async function becomesTrue(condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + 10_000;
  while (!condition() && performance.now() < deadline) await sleep(10);
  return condition();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
