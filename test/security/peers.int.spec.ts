import { CorePeers } from '../../src/jetstream/connection/core-peers.js';
import { JetStreamConnection } from '../../src/jetstream/connection/jetstream-connection.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { sharedServerUrl } from '../support/server-url.js';
import { until } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { startConfigured } from './configured-server.js';

const SUBJECT = '_JETSOURCE.peers.shop';
const CONFIG = `
jetstream {}
authorization {
  users: [
    { user: all, password: p }
    { user: deaf, password: p, permissions { publish: ">", subscribe: ["_INBOX.>"] } }
    { user: mute, password: p, permissions { publish: ["shop.>", "$JS.>"], subscribe: ">" } }
  ]
}
`;

async function connect(servers: string): Promise<JetStreamConnection> {
  return JetStreamConnection.open({ servers }, 'peers');
}

describe('word among processes', () => {
  it('is heard by all who listen, until they stop', async () => {
    const subject = `_JETSOURCE.peers.${uniqueStoreName()}`;
    const connections = [await connect(sharedServerUrl()), await connect(sharedServerUrl())] as const;
    const [teller, listener] = connections.map((connection) => new CorePeers(connection, subject));
    const heard: string[] = [];
    const stop = listener?.listen((word) => heard.push(word));
    await connections[1].nc.flush();
    teller?.tell('one');
    await until('it is heard', () => heard.length === 1);
    stop?.();
    await connections[1].nc.flush();
    teller?.tell('two');
    await connections[0].nc.flush();
    await connections[1].nc.flush();
    expect(heard).toEqual(['one']);
    expect(listener?.areHeard).toBe(true);
    for (const connection of connections) await connection.close();
  });

  it('is given up by who may not subscribe, or not publish', async () => {
    const server = await startConfigured(CONFIG);
    const at = (user: string): string => server.url.replace('://', `://${user}:p@`);
    const deaf = await connect(at('deaf'));
    const peers = new CorePeers(deaf, SUBJECT);
    peers.listen(() => undefined);
    await until('the subscription is refused', () => !peers.areHeard);
    const mute = await connect(at('mute'));
    const others = new CorePeers(mute, SUBJECT);
    others.listen(() => undefined);
    expect(others.areHeard).toBe(true);
    others.tell('one');
    await until('the word is refused', () => !others.areHeard);
    await deaf.close();
    await mute.close();
  });

  it('is tried again after a reconnect', async () => {
    const server = await startConfigured(CONFIG);
    const mute = await connect(server.url.replace('://', '://mute:p@'));
    const peers = new CorePeers(mute, SUBJECT);
    const heard: string[] = [];
    peers.listen((word) => heard.push(word));
    peers.tell('one');
    await until('the word is refused', () => !peers.areHeard);
    await mute.nc.reconnect();
    await until('it is connected again', () => peers.areHeard);
    const teller = await connect(server.url.replace('://', '://all:p@'));
    await mute.nc.flush();
    new CorePeers(teller, SUBJECT).tell('two');
    await until('others are heard again', () => heard.length > 0);
    expect(heard).toEqual(['two']);
    await mute.close();
    await teller.close();
  });

  it('is not needed to write one stream from several connections', async () => {
    const server = await startConfigured(CONFIG);
    const open = async (user: string) =>
      openStore({ servers: server.url, user, pass: 'p', name: 'shop', events: ORDER_EVENTS });
    const stores = [await open('all'), await open('deaf'), await open('mute')];
    await Promise.all(
      stores.map(async (store) => {
        for (let n = 1; n <= 50; n += 1) await store.append('order/1', counted(n));
      }),
    );
    expect(await stores[0]?.status('order/1', { consistency: 'leader' })).toMatchObject({ version: 150 });
  });
});
