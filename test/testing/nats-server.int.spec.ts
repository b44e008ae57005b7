import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NatsServerOptions } from '../../src/testing/nats-server-options.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { OwnedNatsServer } from '../../src/testing/owned-nats-server.js';
import { BINARY_STEPS, resolveNatsServer } from '../../src/testing/resolve-nats-server.js';
import { readServerInfo } from '../../src/testing/server-info.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { requestReply } from './request-reply.js';

const STREAM = { name: 'S', subjects: ['s'] };

describe('startNatsServer', () => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = await startNatsServer({ ownProcess: true, ...options });
    cleanups.push(() => server.stop());
    return server;
  }

  async function temporaryFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'jetsource-spec-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  // the first test may download the server
  it('runs with JetStream at its URL, and removes its files at stop', async () => {
    const server = await start();
    expect(await readServerInfo(server.url)).toEqual({ version: server.version, jetstream: true });
    expect(server.port).toBe(Number(new URL(server.url).port));
    const { storeDir = '', pid = 0 } = server;
    expect(existsSync(storeDir)).toBe(true);
    await server.stop();
    await server.stop();
    expect(existsSync(join(storeDir, '..'))).toBe(false);
    expect(isAlive(pid)).toBe(false);
    await expect(readServerInfo(server.url)).rejects.toThrow('no nats-server answers');
  }, 180_000);

  it('restarts after a crash on the same port, with its data', async () => {
    const server = await start();
    const { url, pid = 0, storeDir } = server;
    await requestReply(url, '$JS.API.STREAM.CREATE.S', STREAM);
    expect(await requestReply(url, 's', { stored: true })).toMatchObject({ stream: 'S', seq: 1 });

    await server.kill();
    expect(isAlive(pid)).toBe(false);
    await expect(readServerInfo(url)).rejects.toThrow('no nats-server answers');

    await server.restart();
    expect({ url: server.url, storeDir: server.storeDir }).toEqual({ url, storeDir });
    expect(server.pid).not.toBe(pid);
    expect(await requestReply(url, '$JS.API.STREAM.INFO.S')).toMatchObject({ state: { messages: 1 } });
    await server.stop();
    expect(existsSync(storeDir ?? '')).toBe(false);
  });

  it('restarts a running server', async () => {
    const server = await start();
    const { url, pid } = server;
    await server.restart();
    expect(server.url).toBe(url);
    expect(server.pid).not.toBe(pid);
  });

  it('keeps its data when a restart fails, so that another restart can succeed', async () => {
    const folder = await temporaryFolder();
    const configFile = join(folder, 'server.conf');
    await writeFile(configFile, 'max_payload: 65536\n');
    const server = await start({ configFile });
    await requestReply(server.url, '$JS.API.STREAM.CREATE.S', STREAM);
    await server.kill();
    await writeFile(configFile, 'max_payload: nonsense {\n');
    await expect(server.restart()).rejects.toMatchObject({ code: 'nats-server-unavailable' });
    await writeFile(configFile, 'max_payload: 65536\n');
    await server.restart();
    expect(await requestReply(server.url, '$JS.API.STREAM.INFO.S')).toMatchObject({ config: STREAM });
  });

  it('keeps its data when a restart times out', async () => {
    const folder = await temporaryFolder();
    const binary = await resolveNatsServer(BINARY_STEPS);
    const path = join(folder, 'nats-server');
    await writeFile(path, `#!/bin/sh\n[ -e ${folder}/slow ] && exec sleep 60\nexec ${binary.path} "$@"\n`, {
      mode: 0o755,
    });
    await using server = await OwnedNatsServer.start({
      binary: { ...binary, path },
      port: -1,
      storeDir: undefined,
      syncAlways: false,
      args: [],
      env: {},
      startTimeoutMs: 1_500,
    });
    await requestReply(server.url, '$JS.API.STREAM.CREATE.S', STREAM);
    await writeFile(join(folder, 'slow'), '');
    await expect(server.restart()).rejects.toThrow('was not ready within 1500 ms');
    await rm(join(folder, 'slow'));
    await server.restart();
    expect(await requestReply(server.url, '$JS.API.STREAM.INFO.S')).toMatchObject({ config: STREAM });
  });

  it('does not answer while it is suspended, and continues after that', async () => {
    const server = await start();
    server.signal('SIGSTOP');
    // its threads stop at different times
    await sleep(100);
    await expect(readServerInfo(server.url, { timeoutMs: 200 })).rejects.toThrow('no answer within 200 ms');
    server.signal('SIGCONT');
    expect(await readServerInfo(server.url)).toMatchObject({ jetstream: true });
  });

  it('uses a given port, and keeps a given store folder', async () => {
    const storeDir = await temporaryFolder();
    const first = await start({ storeDir });
    await requestReply(first.url, '$JS.API.STREAM.CREATE.S', STREAM);
    await first.stop();
    const second = await start({ storeDir, port: first.port, syncAlways: true });
    expect(second.url).toBe(first.url);
    expect(await requestReply(second.url, '$JS.API.STREAM.INFO.S')).toMatchObject({ config: STREAM });
  });

  it('rejects a store folder that another server uses, also between a crash and its restart', async () => {
    const storeDir = await temporaryFolder();
    const first = await start({ storeDir });
    const refusal = {
      code: 'nats-server-unavailable',
      message: expect.stringContaining(`${storeDir} is in use by process ${process.pid}`),
    };
    await expect(start({ storeDir })).rejects.toMatchObject(refusal);
    await first.kill();
    await expect(start({ storeDir })).rejects.toMatchObject(refusal);
    await first.restart();
    await first.restart();
    await expect(start({ storeDir })).rejects.toMatchObject(refusal);
    await first.stop();
    expect(await readdir(storeDir)).toEqual(['jetstream']);
    const second = await start({ storeDir });
    await first.stop();
    await expect(start({ storeDir })).rejects.toMatchObject(refusal);
    await second.stop();
  });

  it('releases the store folder of a killed process only after its server has ended', async () => {
    const storeDir = await temporaryFolder();
    const slow = join(await temporaryFolder(), 'nats-server');
    const { path } = await resolveNatsServer(BINARY_STEPS);
    await writeFile(slow, slowToEnd(path), { mode: 0o755 });
    const parent = runScript(START_AND_WAIT, [storeDir], { NATS_SERVER_BIN: slow });
    cleanups.push(() => Promise.resolve(void parent.kill('SIGKILL')));
    const { pid, url } = JSON.parse(await firstLine(parent)) as { pid: number; url: string };
    await requestReply(url, '$JS.API.STREAM.CREATE.S', STREAM);
    await expect(start({ storeDir })).rejects.toThrow(`${storeDir} is in use by process ${parent.pid}`);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const { second, wasAlive } = await untilStarted(() => start({ storeDir }), pid);
    expect(wasAlive).toBe(false);
    expect(await requestReply(second.url, '$JS.API.STREAM.INFO.S')).toMatchObject({ config: STREAM });
  });

  it.each([
    ['during the search for a program', '#!/bin/sh\nexec sleep 60\n'],
    [
      'during the start of the server',
      '#!/bin/sh\n[ "$1" = --version ] && echo v2.14.0 && exit\necho > "$STARTED"\nexec sleep 60\n',
    ],
  ])('ends at once when the signal aborts %s', async (_, script) => {
    const folder = await temporaryFolder();
    const [program, started] = [join(folder, 'nats-server'), join(folder, 'started')];
    await writeFile(program, script, { mode: 0o755 });
    process.env['NATS_SERVER_BIN'] = program;
    cleanups.push(() => Promise.resolve(void delete process.env['NATS_SERVER_BIN']));
    const controller = new AbortController();
    const storeDir = join(folder, 'store');
    const lines: string[] = [];
    const ended = startNatsServer({
      ownProcess: true,
      storeDir,
      env: { STARTED: started },
      log: (line) => lines.push(line),
      signal: controller.signal,
    }).catch((error: unknown) => error);
    const deadline = performance.now() + (script.includes('STARTED') ? 5_000 : 300);
    while (!existsSync(started) && performance.now() < deadline) await sleep(10);
    const before = performance.now();
    controller.abort('enough');
    expect(await ended).toBe('enough');
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(await processesWith(folder)).toEqual([]);
    expect(existsSync(storeDir) ? await readdir(storeDir) : []).toEqual([]);
  });

  it('uses a configuration file and environment variables', async () => {
    const folder = await temporaryFolder();
    const configFile = join(folder, 'server.conf');
    await writeFile(configFile, 'jetstream { max_file_store: $SPEC_LIMIT }\nport: 1\n');
    const server = await start({ configFile, env: { SPEC_LIMIT: '1MB' } });
    const stream = { ...STREAM, max_bytes: 2_000_000 };
    expect(await requestReply(server.url, '$JS.API.STREAM.CREATE.S', stream)).toMatchObject({
      error: { description: expect.stringContaining('insufficient storage') },
    });
  });

  it('fails with the last log lines of a server that does not start, and removes its files', async () => {
    const storeDir = await temporaryFolder();
    const running = await start();
    await expect(startNatsServer({ ownProcess: true, port: running.port, storeDir })).rejects.toMatchObject({
      code: 'nats-server-unavailable',
      message: expect.stringContaining('address already in use'),
    });
    expect(await processesWith(storeDir)).toEqual([]);
    expect(await readdir(storeDir)).not.toContain('jetsource.lock');
  });

  it('removes its folder and lets the process end when a start fails', async () => {
    const folder = await temporaryFolder();
    const running = await start();
    const child = runScript(START_AND_FAIL, [String(running.port)], { TMPDIR: folder });
    const exited = once(child, 'exit');
    expect(await firstLine(child)).toContain('nats-server-unavailable');
    expect(await exited).toEqual([0, null]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('uses the server of NATS_URL, and neither kills nor stops it', async () => {
    const { url, version } = await start();
    process.env['NATS_URL'] = url;
    cleanups.push(() => Promise.resolve(void delete process.env['NATS_URL']));
    const borrowed = await startNatsServer({ log: () => undefined });
    expect(borrowed).toMatchObject({ url, version, pid: undefined, storeDir: undefined });
    for (const refused of [() => borrowed.kill(), () => borrowed.restart()]) {
      await expect(refused()).rejects.toThrow('since NATS_URL names it; start it with ownProcess: true');
    }
    await borrowed.stop();
    expect(await readServerInfo(url)).toMatchObject({ version });
    expect((await start()).url).not.toBe(url);
  });

  it('stops a server that takes too long to start', async () => {
    const storeDir = await temporaryFolder();
    const start = startNatsServer({ ownProcess: true, storeDir, startTimeoutMs: 1 });
    await expect(start).rejects.toThrow('was not ready within 1 ms');
    expect(await processesWith(storeDir)).toEqual([]);
    expect(existsSync(storeDir)).toBe(true);
  });

  it.each([
    [{ port: 70_000 }, 'port must be'],
    [{ startTimeoutMs: 0 }, 'startTimeoutMs must be'],
    [{ syncAlways: true, configFile: 'x' }, 'syncAlways must be'],
    [{ prot: 1 }, 'prot must be'],
  ])('rejects %j', async (options, message) => {
    await expect(startNatsServer(options as NatsServerOptions)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining(message),
    });
  });
});

const IMPORT = `
  const { register } = await import('node:module');
  const root = process.argv[1];
  register('./test/support/typescript-loader.mjs', root);
  const { startNatsServer } = await import(new URL('src/testing/start-nats-server.ts', root).href);
`;

/** A process that fails to start a server on the given port, and prints the code of the error. */
const START_AND_FAIL = `${IMPORT}
  await startNatsServer({ ownProcess: true, port: Number(process.argv[2]) }).catch((error) => console.log(error.code));
`;

/** A process that starts a server on the given folder, prints its URL, and waits to be killed. */
const START_AND_WAIT = `${IMPORT}
  const { pid, url } = await startNatsServer({ ownProcess: true, storeDir: process.argv[2] });
  console.log(JSON.stringify({ pid, url }));
  setInterval(() => undefined, 1000);
`;

function runScript(
  script: string,
  args: string[],
  env: Record<string, string> = {},
): ChildProcessByStdio<null, Readable, null> {
  const root = new URL('../..', import.meta.url).href;
  return spawn(process.execPath, ['--input-type=module', '-e', script, root, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
}

async function firstLine(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return chunk.toString();
}

/** A nats-server that ends one second after SIGTERM. */
function slowToEnd(path: string): string {
  return [
    '#!/bin/sh',
    `[ "$1" = --version ] && exec ${path} --version`,
    `${path} "$@" &`,
    'trap \'sleep 1; kill "$!"; wait "$!"; exit\' TERM',
    'wait "$!"',
    '',
  ].join('\n');
}

/** Retries the start until it succeeds. Returns whether the process `pid` still ran then. */
async function untilStarted(
  start: () => Promise<NatsServer>,
  pid: number,
): Promise<{ second: NatsServer; wasAlive: boolean }> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      const second = await start();
      return { second, wasAlive: isAlive(pid) };
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}

/** The command lines of processes that contain the folder. */
async function processesWith(folder: string): Promise<string[]> {
  const ids = (await readdir('/proc').catch((): string[] => [])).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(folder));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
