import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { runNats, type NatsFlags } from '../../src/cli/nats-command.js';
import { BINARY_STEPS, resolveNatsServer } from '../../src/testing/resolve-nats-server.js';
import { readServerInfo } from '../../src/testing/server-info.js';

interface Told {
  url: string;
  version: string;
  storeDirs: string[];
}

const programs: ChildProcess[] = [];

describe('jetsource nats', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jetsource-spec-'));
  });

  afterEach(async () => {
    // only a failed test leaves a program running
    for (const program of programs.splice(0)) program.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  // the first test may download the server
  it('prints one line of JSON, runs until it is stopped, and removes its files', async () => {
    const command = await run({ json: true });
    const told = JSON.parse(command.line) as Told;
    expect(await readServerInfo(told.url)).toEqual({ version: told.version, jetstream: true });
    await command.stop();
    await expect(readServerInfo(told.url)).rejects.toThrow('no nats-server answers');
    expect(told.storeDirs.filter((folder) => existsSync(folder))).toEqual([]);
  }, 180_000);

  it('prints a readable line with the URL', async () => {
    const command = await run({});
    expect(command.line).toMatch(
      /^nats-server [\d.]+ with JetStream is ready: NATS_URL=nats:\/\/127\.0\.0\.1:\d+ /,
    );
    await command.stop();
  });

  it('starts three servers with --cluster', async () => {
    const command = await run({ cluster: true, json: true });
    const told = JSON.parse(command.line) as Told;
    expect(told.url.split(',')).toHaveLength(3);
    await command.stop();
    expect(told.storeDirs.filter((folder) => existsSync(folder))).toEqual([]);
  }, 60_000);

  it('continues when one of three servers dies, and reports it', async () => {
    const command = await run({ cluster: true, json: true }, { NATS_SERVER_BIN: await recordingServer() });
    const [first = 0, second = 0] = await serverIds();
    process.kill(first, 'SIGKILL');
    await becomesTrue(() => command.notes.some((note) => note.includes('ended (by SIGKILL)')));
    expect(command.notes.filter((note) => note.includes('ended'))).toHaveLength(1);
    process.kill(second, 'SIGKILL');
    await expect(command.ended).rejects.toThrow('ended (by SIGKILL); its last log lines:');
  }, 60_000);

  it('ends with code 1 and the last log lines of its server when that dies', async () => {
    const storeDir = join(folder, 'store');
    const command = runProgram(['--json', '--store-dir', storeDir], await recordingServer());
    await becomesTrue(() => command.output.includes('"url"'));
    const refused = runProgram(['--store-dir', storeDir], await recordingServer());
    expect(await refused.exited).toEqual([1, null]);
    expect(refused.output).toContain(`${storeDir} is in use by process ${command.pid}`);

    process.kill((await serverIds())[0] ?? 0, 'SIGKILL');
    expect(await command.exited).toEqual([1, null]);
    expect(command.output).toMatch(
      /^the nats-server at nats:\S+ ended \(by SIGKILL\); its last log lines:\n\[\d+\] .* \[INF\] /m,
    );
    expect(await readdir(storeDir)).toEqual(['jetstream']);
  }, 30_000);

  it.each([
    ['it checks a program', 'touch "$0.runs"; exec sleep 60'],
    ['the server starts', '[ "$1" = --version ] && echo v2.14.0 && exit; touch "$0.runs"; exec sleep 60'],
  ])(
    'ends at once on Ctrl-C while %s',
    async (_, script) => {
      const program = await writeProgram(script);
      const command = runProgram([], program);
      expect(await becomesTrue(() => existsSync(`${program}.runs`))).toBe(true);
      const before = performance.now();
      process.kill(command.pid, 'SIGINT');
      expect(await command.exited).toEqual([0, null]);
      expect(performance.now() - before).toBeLessThan(1_500);
      expect(command.output).not.toContain('NATS_URL=');
    },
    30_000,
  );

  async function writeProgram(script: string): Promise<string> {
    const path = join(folder, 'nats-server');
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  /** A nats-server that writes its process id to a file for `serverIds`. */
  async function recordingServer(): Promise<string> {
    const { path } = await resolveNatsServer(BINARY_STEPS);
    const record = `[ "$1" = --version ] || echo $$ >> ${join(folder, 'ids')}`;
    return writeProgram(`${record}\nexec ${path} "$@"`);
  }

  async function serverIds(): Promise<number[]> {
    const text = await readFile(join(folder, 'ids'), 'utf8');
    return text.trim().split('\n').map(Number);
  }
});

/** Runs the command in a process of its own. */
function runProgram(args: string[], natsServer: string) {
  const root = new URL('../..', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', 'nats', ...args], {
    env: { ...process.env, NATS_SERVER_BIN: natsServer, NATS_URL: '', ROOT: root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  programs.push(child);
  const program = { pid: child.pid ?? 0, output: '', exited: once(child, 'close') };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (program.output += chunk.toString()));
  }
  return program;
}

const PROGRAM = `
  const { register } = await import('node:module');
  const root = process.env.ROOT;
  register('./test/support/typescript-loader.mjs', root);
  await import(new URL('src/cli/main.ts', root).href);
`;

async function becomesTrue(condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + 10_000;
  while (!condition() && performance.now() < deadline) await sleep(10);
  return condition();
}

/** Runs the command in this process until it has printed its line. */
async function run(flags: NatsFlags, env: Record<string, string> = {}) {
  const controller = new AbortController();
  const notes: string[] = [];
  const before = { ...process.env };
  Object.assign(process.env, env);
  let printed: (line: string) => void = () => undefined;
  const line = new Promise<string>((resolve) => (printed = resolve));
  const note = (text: string): void => void notes.push(text);
  const ended = runNats(flags, { print: printed, note, signal: controller.signal });
  const stop = (): Promise<void> => {
    controller.abort();
    return ended;
  };
  try {
    return { line: await Promise.race([line, ended.then(() => 'ended')]), notes, ended, stop };
  } finally {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
