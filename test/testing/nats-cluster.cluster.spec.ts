import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { BINARY_STEPS, resolveNatsServer } from '../../src/testing/resolve-nats-server.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { requestReply } from './request-reply.js';

describe('startNatsCluster', () => {
  let cluster: NatsCluster;

  beforeAll(async () => {
    cluster = await startNatsCluster();
  }, 180_000);

  afterAll(async () => {
    await cluster?.stop();
  }, 60_000);

  it('answers JetStream requests on every server', async () => {
    expect(new Set(cluster.urls).size).toBe(3);
    for (const url of cluster.urls) {
      expect(await requestReply(url, '$JS.API.INFO')).toMatchObject({ streams: 0 });
    }
  });

  it('keeps a replicated stream while its leader is down, and accepts the leader again', async () => {
    const created = await requestReply(cluster.url, '$JS.API.STREAM.CREATE.S', {
      name: 'S',
      subjects: ['s'],
      num_replicas: 3,
    });
    expect(created).toMatchObject({ config: { num_replicas: 3 } });
    const leader = await cluster.ready();
    const urls = cluster.urls;

    await cluster.kill(leader);
    const next = await cluster.ready();
    expect(next).not.toBe(leader);
    expect(await requestReply(urls[next] ?? '', '$JS.API.STREAM.INFO.S')).toMatchObject({
      state: { messages: 0 },
    });

    await cluster.restart(leader);
    expect(cluster.urls).toEqual(urls);
  }, 60_000);

  it('removes all store folders at stop', async () => {
    const folders = cluster.servers.map((server) => server.storeDir ?? '');
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true, true]);
    await cluster.stop();
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false, false]);
  }, 30_000);

  it('rejects a folder that another cluster uses', async () => {
    const storeDir = await mkdtemp(join(tmpdir(), 'jetsource-spec-'));
    try {
      await using first = await startNatsCluster({ storeDir });
      await expect(startNatsCluster({ storeDir })).rejects.toMatchObject({
        code: 'nats-server-unavailable',
        message: expect.stringMatching(`${storeDir}/n[123] is in use by process ${process.pid}`),
      });
      expect(await requestReply(first.url, '$JS.API.INFO')).toMatchObject({ streams: 0 });
    } finally {
      await rm(storeDir, { recursive: true, force: true });
    }
  }, 60_000);

  it('ends at once when the signal aborts before a leader is elected', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'jetsource-spec-'));
    const { path } = await resolveNatsServer(BINARY_STEPS);
    const program = join(folder, 'nats-server');
    const script = `[ "$1" = --version ] && exec ${path} --version\nexec ${path} "$@" --routes nats://127.0.0.1:1`;
    await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    process.env['NATS_SERVER_BIN'] = program;
    try {
      const controller = new AbortController();
      const start = startNatsCluster({ storeDir: join(folder, 'store'), signal: controller.signal });
      setTimeout(() => controller.abort('enough'), 1_000);
      const before = performance.now();
      await expect(start).rejects.toBe('enough');
      expect(performance.now() - before).toBeLessThan(5_000);
      expect(await readdir(join(folder, 'store', 'n1'))).not.toContain('jetsource.lock');
    } finally {
      delete process.env['NATS_SERVER_BIN'];
      await rm(folder, { recursive: true, force: true });
    }
  });
});
