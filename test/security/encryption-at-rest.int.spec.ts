import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { streamName } from '../../src/event/stream-name.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { openStore } from '../shared-server.js';
import { collect } from '../support/collect.js';
import { ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { temporaryFolder } from './configured-server.js';

const SECRETS = ['ada@example.org', 'id-of-ada', 'actor-of-ada'];
const order = streamName('order', 'id-of-ada');
// without quotes nats-server would parse this key as a number and a comment
const KEY = '123e45//"a key" with \\ in it';

/**
 * Stores an event, stops the server, and returns which parts can be found in the store folder. Then reads the
 * event back.
 */
async function found(options: { encryptionKey?: string; syncAlways?: boolean }): Promise<string[]> {
  const storeDir = await temporaryFolder();
  const server = await startNatsServer({ ownProcess: true, storeDir, ...options });
  try {
    const store = await openStore({ servers: server.url, name: 'shop', events: ORDER_EVENTS });
    await store.append(order, [new OrderPlaced('ada@example.org')], { metadata: { actor: 'actor-of-ada' } });
    await server.kill('SIGTERM');
    const text = await contentOf(storeDir);
    await server.restart();
    expect(await collect(store.read(order))).toMatchObject([{ data: { customer: 'ada@example.org' } }]);
    await store.close();
    return SECRETS.filter((secret) => text.includes(secret));
  } finally {
    await server.stop();
  }
}

async function contentOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (!files.some((file) => file.endsWith('.blk'))) throw new TypeError('nothing is stored');
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

describe('the store folder of an embedded server', () => {
  it('holds data, ids and metadata in plain text without a key', async () => {
    expect(await found({})).toEqual(SECRETS);
  });

  it.each([false, true])(
    'holds none of them in plain text with a key (syncAlways: %s)',
    async (syncAlways) => {
      expect(await found({ encryptionKey: KEY, syncAlways })).toEqual([]);
    },
  );

  it('does not open with another key', async () => {
    const storeDir = await temporaryFolder();
    const options = { ownProcess: true, storeDir, startTimeoutMs: 10_000 };
    const server = await startNatsServer({ ...options, encryptionKey: 'one key' });
    const store = await openStore({ servers: server.url, name: 'shop', events: ORDER_EVENTS });
    await store.append(order, [new OrderPlaced('ada')]);
    await store.close();
    await server.stop();
    const outcome = await startNatsServer({ ...options, encryptionKey: 'another key' }).then(
      async (other) => {
        const { lastSequence } = await openStore({ servers: other.url, name: 'shop' }).then(
          async (reopened) => ({ lastSequence: await reopened.lastSequence() }),
          () => ({ lastSequence: 0 }),
        );
        await other.stop();
        return lastSequence;
      },
      () => 0,
    );
    expect(outcome).toBe(0);
  });

  it.each([
    [{ encryptionKey: '' }, 'encryptionKey must be text that is not empty'],
    [{ encryptionKey: 'a\nb' }, 'encryptionKey must be text'],
    [{ encryptionKey: 'secret', configFile: 'x' }, 'encryptionKey must be left out when configFile is given'],
  ])('refuses %j', async (options, message) => {
    const started = startNatsServer({ ownProcess: true, ...options });
    await expect(started).rejects.toThrow(message);
    await expect(started).rejects.not.toThrow(/secret/);
  });
});
