import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { identifyProcess } from '../../src/testing/process-identity.js';
import { StoreLock } from '../../src/testing/store-lock.js';

describe('StoreLock', () => {
  let storeDir: string;

  beforeEach(async () => {
    storeDir = await mkdtemp(join(tmpdir(), 'jetsource-spec-'));
  });

  afterEach(async () => {
    await rm(storeDir, { recursive: true, force: true });
  });

  async function holder(name: string): Promise<void> {
    await mkdir(join(storeDir, 'jetsource.lock'), { recursive: true });
    await writeFile(join(storeDir, 'jetsource.lock', name), '');
  }

  /** The id of a process that has ended. */
  async function endedProcess(): Promise<number> {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    return child.pid ?? 0;
  }

  it.each([
    ['free', false],
    ['left by a process that has ended', true],
  ])(
    'is taken by only one of many concurrent callers when it is %s',
    async (_, left) => {
      for (let round = 0; round < 20; round += 1) {
        if (left) await holder(`${await endedProcess()}-1-crashed-${round}`);
        const results = await Promise.allSettled(Array.from({ length: 8 }, () => StoreLock.take(storeDir)));
        const taken = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
        const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
        expect(taken).toHaveLength(1);
        expect(new Set(refused.map((error) => error.code))).toEqual(new Set(['nats-server-unavailable']));
        await taken[0]?.release();
        expect(await readdir(storeDir)).toEqual([]);
      }
    },
    60_000,
  );

  it('is not held by another process with the same id', async () => {
    const { pid, since } = await identifyProcess(process.pid);
    // only Linux reports the start time of a process
    if (since === '') return;
    await holder(`${pid}-${Number(since) - 1}-crashed`);
    await expect(StoreLock.take(storeDir)).resolves.toBeInstanceOf(StoreLock);
  });

  it('names the process that holds it, also another process, until that one has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
    await once(child, 'spawn');
    const lock = await StoreLock.take(storeDir);
    await lock.add(child.pid ?? 0);
    await lock.release();
    const refusal = `the store folder ${storeDir} is in use by process ${child.pid}`;
    await expect(StoreLock.take(storeDir)).rejects.toThrow(refusal);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = await StoreLock.take(storeDir);
    await lock.release();
    await expect(StoreLock.take(storeDir)).rejects.toThrow(`in use by process ${process.pid}`);
    await next.release();
    expect(await readdir(storeDir)).toEqual([]);
  });
});
