import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { mirrorOf } from '../../src/testing/debian-package.js';
import { fetchedBinary } from '../../src/testing/fetched-binary.js';
import type { NatsServerBinary } from '../../src/testing/nats-server-source.js';
import type { NatsServerStep, StepContext, StepResult } from '../../src/testing/nats-server-step.js';
import { compareVersions, isNewEnough } from '../../src/testing/nats-server-version.js';
import { verifyIntegrity } from '../../src/testing/npm-package.js';
import { archiveName, verifyChecksum } from '../../src/testing/release-download.js';
import { NATS_SERVER_STEPS, resolveNatsServer } from '../../src/testing/resolve-nats-server.js';

const LOCAL_STEPS = NATS_SERVER_STEPS.filter((step) => !step.slow);
const BINARY: NatsServerBinary = { kind: 'binary', path: '/fake', version: '2.14.0' };

describe('resolveNatsServer', () => {
  let folder: string;
  let server: Server | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jetsource-spec-'));
  });

  afterEach(async () => {
    server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  function context(env: NodeJS.ProcessEnv): StepContext {
    // with an empty PATH and cache, and on an unknown architecture
    return { env: { PATH: '', XDG_CACHE_HOME: folder, ...env }, platform: 'linux', arch: 'spec' };
  }

  async function program(name: string, version: string): Promise<string> {
    const path = join(folder, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
    await chmod(path, 0o755);
    return path;
  }

  async function fakeServer(info: object): Promise<string> {
    const started = createServer((socket) => socket.end(`INFO ${JSON.stringify(info)} \r\n`));
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    return `nats://127.0.0.1:${(started.address() as AddressInfo).port}`;
  }

  it('runs the steps in the documented order', () => {
    expect(NATS_SERVER_STEPS.map((step) => step.name)).toEqual([
      'NATS_URL',
      'NATS_SERVER_BIN',
      'PATH',
      'cache',
      expect.stringContaining('GitHub release'),
      expect.stringContaining('Debian package'),
      'npm package',
      'container',
    ]);
  });

  it('logs the result of each step, and stops at the first one that finds a server', async () => {
    const lines: string[] = [];
    const steps = [
      step('first', { reason: 'not there' }),
      step('second', new TypeError('fetch failed', { cause: new TypeError('no route') })),
      step('third', { found: BINARY }),
      step('fourth', new TypeError('must not run')),
    ];
    expect(await resolveNatsServer(steps, { log: (line) => lines.push(line) })).toBe(BINARY);
    expect(lines).toEqual([
      'first: not there',
      'second: fetch failed: no route',
      'third: nats-server 2.14.0 at /fake',
    ]);
  });

  it('lists what was tried and what to do when no server is found', async () => {
    const found = resolveNatsServer([step('first', { reason: 'not there' })], { log: () => undefined });
    await expect(found).rejects.toMatchObject({
      code: 'nats-server-unavailable',
      message: expect.stringMatching(/first: not there[^]*NATS_URL=[^]*NATS_SERVER_BIN=[^]*docker compose/),
    });
  });

  it('skips a named program that is too old, and logs it', async () => {
    const lines: string[] = [];
    const old = await program('old/nats-server', '2.10.27');
    const path = await program('bin/nats-server', '2.12.1');
    const env = { NATS_SERVER_BIN: old, PATH: join(folder, 'bin') };
    const found = await resolveNatsServer(LOCAL_STEPS, {
      context: context(env),
      log: (line) => lines.push(line),
    });
    expect(found).toEqual({ kind: 'binary', path, version: '2.12.1' });
    expect(lines).toContain(`NATS_SERVER_BIN: ${old} is version 2.10.27, but 2.12.1 or later is needed`);
  });

  it('uses the newest program in the cache that runs', async () => {
    const cached = (version: string): string => `jetsource/nats-server/${version}-linux-spec/nats-server`;
    await program(cached('2.10.1'), '2.10.1');
    const path = await program(cached('2.12.9'), '2.12.9');
    await program(cached('2.9.1'), '2.9.1');
    await writeFile(await program(cached('2.15.0'), '2.15.0'), 'broken');
    const found = await resolveNatsServer(LOCAL_STEPS.slice(-1), {
      context: context({}),
      log: () => undefined,
    });
    expect(found).toEqual({ kind: 'binary', path, version: '2.12.9' });
  });

  it('uses the server of NATS_URL', async () => {
    const url = await fakeServer({ version: '2.14.1', jetstream: true });
    const found = await resolveNatsServer(LOCAL_STEPS, {
      context: context({ NATS_URL: url }),
      log: () => undefined,
    });
    expect(found).toEqual({ kind: 'url', url, version: '2.14.1' });
  });

  it.each([
    [{ version: '2.10.29', jetstream: true }, 'version 2.10.29, but 2.12.1'],
    [{ version: '2.14.0' }, 'without JetStream'],
  ])('uses no other server when the one at NATS_URL is %j', async (info, reason) => {
    const env = { NATS_URL: await fakeServer(info), NATS_SERVER_BIN: await program('nats-server', '2.14.0') };
    const found = resolveNatsServer(LOCAL_STEPS, { context: context(env), log: () => undefined });
    await expect(found).rejects.toThrow(reason);
  });

  it('caches a fetched program only if it runs and is new enough, also with concurrent fetches', async () => {
    const fetch = (version: string) =>
      fetchedBinary(context({}), async (target) => {
        await writeFile(join(target, 'nats-server'), `#!/bin/sh\necho "nats-server: v${version}"\n`);
      });
    expect(await fetch('2.10.0')).toEqual({ reason: expect.stringContaining('version 2.10.0') });
    const results = await Promise.all(Array.from({ length: 4 }, () => fetch('2.14.0')));
    const kept = join(folder, 'jetsource/nats-server/2.14.0-linux-spec');
    const found = { kind: 'binary', path: join(kept, 'nats-server'), version: '2.14.0' };
    expect(results).toEqual(results.map(() => ({ found })));
    expect(await readdir(kept)).toEqual(['nats-server']);
    expect(await readdir(join(kept, '..'))).toEqual(['2.14.0-linux-spec']);
  });
});

describe('the parts of a fetch', () => {
  it('compare versions by number', () => {
    expect(compareVersions('2.9.0', '2.12.1')).toBeLessThan(0);
    expect(compareVersions('v2.14.0', '2.14.0-RC.1')).toBe(0);
    expect(['2.12.0', '2.12.1', '3.0.0', 'nonsense'].map(isNewEnough)).toEqual([false, true, true, false]);
  });

  it('find the mirror in the sources that apt-get lists', () => {
    const listed = [
      "'http://security.example/debian-security/dists/bookworm-security/InRelease' a 0 ",
      "'http://mirror.example/debian/dists/bookworm-updates/InRelease' b 0 ",
      "'http://mirror.example/debian/dists/bookworm/InRelease' c 0 ",
    ].join('\n');
    expect(mirrorOf(listed, 'bookworm')).toBe('http://mirror.example/debian');
    expect(mirrorOf(listed, 'trixie')).toBeUndefined();
  });

  it('name the file of the release', () => {
    const name = (platform: NodeJS.Platform, arch: string) => archiveName({ env: {}, platform, arch });
    expect(name('linux', 'x64')).toMatch(/^nats-server-v[\d.]+-linux-amd64\.tar\.gz$/);
    expect(name('win32', 'arm64')).toMatch(/-windows-arm64\.zip$/);
    expect(name('sunos', 'x64')).toBeUndefined();
  });

  it('reject content that does not match its checksum', () => {
    const content = Buffer.from('abc');
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(() => verifyChecksum(`00  other\n${sha256}  file\n`, 'file', content)).not.toThrow();
    expect(() => verifyChecksum(`${sha256}  other\n00  file\n`, 'file', content)).toThrow(
      'the checksum of file does not match',
    );
    expect(() => verifyChecksum(`${sha256}  other\n`, 'file', content)).toThrow('does not list');
    expect(() => verifyIntegrity(content, 'sha512-AAAA')).toThrow('does not match the pinned one');
  });
});

function step(
  name: string,
  outcome: StepResult<NatsServerBinary> | TypeError,
): NatsServerStep<NatsServerBinary> {
  const run = () => (outcome instanceof TypeError ? Promise.reject(outcome) : Promise.resolve(outcome));
  return { name, slow: false, run };
}
