import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nkeyAuthenticator, nkeys } from '@nats-io/transport-node';
import type { ConnectionOptions } from '../../src/jetstream/connection/connection-options.js';
import type { NatsError } from '../../src/jetstream/connection/connection-errors.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { openStore } from '../shared-server.js';
import { startConfigured, temporaryFolder } from './configured-server.js';
import { streamName } from '../../src/event/stream-name.js';
import { until } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { Operator } from './operator.js';

/** `in` if a store can be opened, otherwise the reason. */
async function outcomeOf(server: NatsServer, options: Partial<ConnectionOptions>): Promise<string> {
  try {
    const store = await openStore({ servers: server.url, ...options });
    return (await store.lastSequence()) === 0 ? 'in' : 'not empty';
  } catch (error) {
    return `${(error as NatsError).code}: ${(error as NatsError).message}`;
  }
}

const OUT = /^nats: cannot connect to NATS at .*: auth(orization|entication)/i;

describe('a server that requires', () => {
  it('a user and a password', async () => {
    const server = await startConfigured('authorization { users: [{ user: ada, password: "pw-of-ada" }] }');
    expect(await outcomeOf(server, { user: 'ada', pass: 'pw-of-ada' })).toBe('in');
    expect(await outcomeOf(server, { user: 'ada', pass: 'pw-of-bob' })).toMatch(OUT);
    expect(await outcomeOf(server, {})).toMatch(OUT);
  });

  it('a token', async () => {
    const server = await startConfigured('authorization { token: "a-token" }');
    expect(await outcomeOf(server, { token: 'a-token' })).toBe('in');
    expect(await outcomeOf(server, { servers: server.url.replace('//', '//a-token@') })).toBe('in');
    expect(await outcomeOf(server, { token: 'another' })).toMatch(OUT);
  });

  it('an nkey', async () => {
    const [known, unknown] = [nkeys.createUser(), nkeys.createUser()];
    const server = await startConfigured(`authorization { users: [{ nkey: ${known.getPublicKey()} }] }`);
    expect(await outcomeOf(server, { authenticator: nkeyAuthenticator(known.getSeed()) })).toBe('in');
    expect(await outcomeOf(server, { authenticator: nkeyAuthenticator(unknown.getSeed()) })).toMatch(OUT);
  });

  it('a JWT of a trusted operator, from a credentials file', async () => {
    const operator = new Operator();
    const shop = operator.addAccount('SHOP', {
      mem_storage: -1,
      disk_storage: -1,
      streams: -1,
      consumer: -1,
    });
    const server = await startConfigured(operator.serverConfig);
    const folder = await temporaryFolder();
    const [known, unknown] = [join(folder, 'known.creds'), join(folder, 'unknown.creds')];
    await writeFile(known, shop.credentials('publisher'));
    const stranger = new Operator().addAccount('SHOP', {});
    await writeFile(unknown, stranger.credentials('publisher'));
    expect(await outcomeOf(server, { credentialsFile: known })).toBe('in');
    expect(await outcomeOf(server, { credentialsFile: unknown })).toMatch(OUT);
  });
});

describe('a token that expires while a service runs', () => {
  it('is replaced by the one in the file of that moment, and the service goes on by itself', async () => {
    const operator = new Operator();
    const shop = operator.addAccount('SHOP', {
      mem_storage: -1,
      disk_storage: -1,
      streams: -1,
      consumer: -1,
    });
    const server = await startConfigured(operator.serverConfig);
    const file = join(await temporaryFolder(), 'service.creds');
    await writeFile(file, shop.credentials('service', 4));
    const warnings: string[] = [];
    const store = await openStore({
      servers: server.url,
      credentialsFile: file,
      events: ORDER_EVENTS,
      onWarning: (warning) => warnings.push(warning),
    });
    const heard: unknown[] = [];
    await using subscription = store.subscribe({ onEvent: (event) => void heard.push(event) });
    await until('it has caught up', () => subscription.caughtUp);
    await until('the server has cut it off', () => warnings.length > 0, 20_000);
    // users cannot be verified for a while, more often than the client alone would try
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await writeFile(`${file}.new`, shop.credentials('service', 600));
    await rename(`${file}.new`, file);
    await store.append(streamName('order', '1'), counted(1));
    await until('the event is heard', () => heard.length === 1);
    expect(warnings[0]).toMatch(/refuses the connection, which is tried again: .*expired/i);
  }, 60_000);
});

describe('a password', () => {
  const passwords = ['p@ss:w/rd#1?&=+', '/iq/Vm/QXzf+8Q==', 'sÜß§12§', '100%sure', 'a b', 'ends@', 'x%41y'];

  it('works in a URL, encoded, and beside it; a wrong one is not shown', async () => {
    const users = passwords.map((password, n) => `{ user: u${n}, password: ${JSON.stringify(password)} }`);
    const server = await startConfigured(`authorization { users: [${users.join(', ')}] }`);
    for (const [n, password] of passwords.entries()) {
      const inUrl = (written: string): string => server.url.replace('//', `//u${n}:${written}@`);
      expect(await outcomeOf(server, { user: `u${n}`, pass: password })).toBe('in');
      expect(await outcomeOf(server, { servers: inUrl(encodeURIComponent(password)) })).toBe('in');
      const asItIs = await outcomeOf(server, { servers: inUrl(password) });
      // %41 is an A where it is decoded
      expect(asItIs).toMatch(password === 'x%41y' ? /percent-decoded: write %25 for %/ : /^in$/);
      const wrong = await outcomeOf(server, { servers: inUrl(`${password}!`) });
      expect(wrong).toMatch(OUT);
      expect(wrong).not.toContain(password);
    }
  });
});

describe('an address that begins with tls://', () => {
  it('is an error where the server has no TLS', async () => {
    const server = await startConfigured('');
    expect(await outcomeOf(server, { servers: server.url.replace('nats:', 'tls:') })).toMatch(/tls/i);
  });
});
