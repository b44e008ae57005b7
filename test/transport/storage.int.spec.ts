import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { lastValueFrom } from 'rxjs';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import type { NatsStreamConfig } from '../../src/transport/stream-config.js';
import { rejection } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { uniqueStoreName } from '../support/server-url.js';
import { openClient } from './shared-client.js';
import { startService } from './shared-service.js';

const CONFIG = `
jetstream { max_file_store: 200MB, max_memory_store: 50MB }
accounts {
  LIMITED {
    jetstream { max_file: 100MB, max_mem: 1MB }
    users: [{ user: limited, password: limited }]
  }
  UNLIMITED {
    jetstream: enabled
    users: [{ user: unlimited, password: unlimited }]
  }
}
`;

let folder: string;
let server: NatsServer;
const warnings: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jetsource-storage-'));
  const configFile = join(folder, 'nats.conf');
  await writeFile(configFile, CONFIG);
  server = await startNatsServer({ ownProcess: true, configFile });
}, 60_000);

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  warnings.length = 0;
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: string) => {
    warnings.push(message);
  });
});

afterEach(() => jest.restoreAllMocks());

async function start(user: string, streamConfig: readonly NatsStreamConfig[]): Promise<void> {
  const name = uniqueStoreName();
  const connectionOptions = { servers: server.url, user, pass: user, name };
  const { app } = await startService(name, [], { connectionOptions, streamConfig, deadLetters: false });
  await app.close();
}

function streamOf(config: Partial<NatsStreamConfig>): NatsStreamConfig {
  const name = uniqueStoreName();
  return { name, subjects: [`${name}.>`], ...config };
}

describe('a server whose streams reserve storage', () => {
  it('is told before anything is created that the account has less left', async () => {
    const one = streamOf({ max_bytes: 60_000_000 });
    const other = streamOf({ max_bytes: 50_000_000 });
    const error = await rejection(start('limited', [one, other]));
    expect(error).toMatchObject({ code: 'jetstream-settings', stream: `${one.name}, ${other.name}` });
    expect((error as Error).message).toMatch(/110 MB of file storage.*104\.9 MB left of its 104\.9 MB/);
    await using raw = await RawNats.open(server.url, { user: 'limited', pass: 'limited' });
    expect(await raw.api(`STREAM.INFO.${one.name}`)).toMatchObject({ error: { err_code: 10059 } });
  });

  it('counts what it has reserved already', async () => {
    const stream = streamOf({ max_bytes: 60_000_000 });
    await start('limited', [stream]);
    await start('limited', [stream]);
    await start('limited', [{ ...stream, max_bytes: 90_000_000 }]);
    expect(await rejection(start('limited', [{ ...stream, max_bytes: 120_000_000 }]))).toMatchObject({
      code: 'jetstream-settings',
    });
  });

  it('is told what max_bytes does where the server has less left than the account may have', async () => {
    const error = await rejection(start('unlimited', [streamOf({ max_bytes: 300_000_000 })]));
    expect(error).toMatchObject({
      code: 'jetstream-settings',
      message: expect.stringContaining('max_bytes reserves 300000000 bytes for each of 1 replicas'),
    });
  });

  it('is warned when the storage of its account is nearly full', async () => {
    const stream = streamOf({ storage: 'memory' });
    const connectionOptions = { servers: server.url, user: 'limited', pass: 'limited' };
    const client = openClient({ connectionOptions, streamConfig: stream });
    await lastValueFrom(client.emit(`${stream.name}.a`, 'x'.repeat(970_000)));
    await start('limited', [stream]);
    expect(warnings).toEqual([expect.stringMatching(/1 MB of its 1 MB of memory storage in use/)]);
  });
});
