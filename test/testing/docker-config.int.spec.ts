import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

import { freePorts } from '../../src/testing/free-ports.js';
import { NatsCluster } from '../../src/testing/nats-cluster.js';
import { OwnedNatsServer } from '../../src/testing/owned-nats-server.js';
import { BINARY_STEPS, resolveNatsServer } from '../../src/testing/resolve-nats-server.js';
import { requestReply } from './request-reply.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
// in quotes, as docker-compose.yml passes it: nats-server would parse this key as a number and a comment
const KEY = '"123e45//a development key"';

describe('the configuration files of docker-compose.yml', () => {
  // the first test may download the server
  it('start one server that syncs always and stores nothing in plain text', async () => {
    await using server = await start('nats-single.conf', { JETSTREAM_KEY: KEY }, []);
    const stream = { name: 'S', subjects: ['subject-in-clear'] };
    expect(await requestReply(server.url, '$JS.API.STREAM.CREATE.S', stream)).toMatchObject({
      config: stream,
    });
    const stored = await requestReply(server.url, 'subject-in-clear', { payload: 'payload-in-clear' });
    expect(stored).toMatchObject({ seq: 1 });
    expect(await monitored(server, '/jsz?config=1')).toMatchObject({ config: { sync_always: true } });
    await server.kill();
    const { blocks, found } = await contentOf(server.storeDir, /payload-in-clear|subject-in-clear/);
    expect(blocks).toBeGreaterThan(0);
    expect(found).toEqual([]);
  }, 180_000);

  it('do not start a server without a key', async () => {
    await expect(start('nats-single.conf', {}, [])).rejects.toThrow('JETSTREAM_KEY');
  });

  it('start a cluster of three', async () => {
    const names = ['nats-1', 'nats-2', 'nats-3'];
    const routes = (await freePorts(3)).map((port) => `nats://127.0.0.1:${port}`);
    const nodes = await Promise.all(
      names.map((name, index) =>
        start('nats-cluster.conf', { JETSTREAM_KEY: KEY, NATS_SERVER_NAME: name }, [
          ...['--cluster', routes[index] ?? '', '--routes', routes.join(',')],
        ]),
      ),
    );
    await using cluster = new NatsCluster(nodes, names, 30_000);
    expect([0, 1, 2]).toContain(await cluster.ready());
    const stream = { name: 'S', subjects: ['s'], num_replicas: 3 };
    expect(await requestReply(cluster.url, '$JS.API.STREAM.CREATE.S', stream)).toMatchObject({
      config: stream,
    });
  }, 60_000);

  it('are mounted by docker-compose.yml, and its image is new enough', async () => {
    const compose = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8');
    const used = [...compose.matchAll(/\/etc\/jetsource\/([\w.-]+)/g)].map((match) => match[1]);
    expect(new Set(used)).toEqual(new Set(await readdir(join(ROOT, 'docker'))));
    expect(compose).toMatch(/image: nats:2\.(1[3-9]|[2-9]\d)/);
  });
});

/** Overrides only ports and folders. */
async function start(file: string, env: Record<string, string>, args: string[]): Promise<OwnedNatsServer> {
  return OwnedNatsServer.start({
    binary: await resolveNatsServer(BINARY_STEPS),
    port: -1,
    storeDir: undefined,
    syncAlways: false,
    args: ['-c', join(ROOT, 'docker', file), '-m', '-1', ...args],
    env,
    startTimeoutMs: 15_000,
  });
}

async function monitored(server: OwnedNatsServer, path: string): Promise<unknown> {
  const response = await fetch(`${server.monitoringUrl}${path}`);
  return response.json();
}

/** Number of message blocks in the folder, and the files that match. */
async function contentOf(folder: string, pattern: RegExp): Promise<{ blocks: number; found: string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map((file) => readFile(file, 'latin1')));
  return {
    blocks: files.filter((file) => file.endsWith('.blk')).length,
    found: files.filter((_, index) => pattern.test(contents[index] ?? '')),
  };
}
