import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nkeyAuthenticator, nkeys } from '@nats-io/transport-node';
import type { ConnectionOptions } from '../../src/jetstream/connection/connection-options.js';
import type { NatsError } from '../../src/jetstream/connection/connection-errors.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { openStore } from '../shared-server.js';
import { startConfigured, temporaryFolder } from './configured-server.js';
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
