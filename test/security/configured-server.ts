import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';

const cleanUps: (() => Promise<void>)[] = [];

/** A temporary folder that is removed after the spec file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'jetsource-security-'));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A server with the given configuration, stopped after the spec file. */
export async function startConfigured(text: string, env: Record<string, string> = {}): Promise<NatsServer> {
  const configFile = join(await temporaryFolder(), 'nats.conf');
  await writeFile(configFile, text);
  const server = await startNatsServer({ ownProcess: true, configFile, env });
  cleanUps.push(() => server.stop());
  return server;
}

afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
