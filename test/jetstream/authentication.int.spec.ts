import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { openStore } from '../shared-server.js';

let folder: string;
let server: NatsServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jetsource-auth-'));
  const configFile = join(folder, 'nats.conf');
  await writeFile(configFile, 'authorization { users: [{ user: ada, password: "s3cret" }] }\n');
  server = await startNatsServer({ ownProcess: true, configFile });
}, 60_000);

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

describe('a server that demands credentials', () => {
  it('accepts a user with the right password, given as options or in the URL', async () => {
    const store = await openStore({ servers: server.url, user: 'ada', pass: 's3cret' });
    expect(await store.lastSequence()).toBe(0);
    const again = await openStore({ servers: server.url.replace('//', '//ada:s3cret@'), name: store.name });
    expect(again.identity).toBe(store.identity);
  });

  it('is a clear error for everybody else, which shows no secret', async () => {
    const denied = openStore({ servers: server.url.replace('//', '//ada:wr0ng@') });
    await expect(denied).rejects.toMatchObject({ code: 'nats', outcome: 'not-applied' });
    await expect(denied).rejects.toThrow(
      /cannot connect to NATS at nats:\/\/127\.0\.0\.1:\d+: authorization/i,
    );
    await expect(denied).rejects.not.toThrow(/wr0ng/);
  });
});
