import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { streamName } from '../../src/event/stream-name.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { openStore } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { startConfigured, temporaryFolder } from './configured-server.js';

const run = promisify(execFile);
const orders = streamName('order', '1');

let folder: string;
let server: NatsServer;
let strict: NatsServer;

/** Creates a key and a certificate, signed by the authority unless it is the authority itself. */
async function certificate(name: string, extension: string, authority?: string): Promise<void> {
  const at = (file: string): string => join(folder, file);
  await writeFile(at(`${name}.ext`), extension);
  const subject = ['-subj', `/CN=${name}`, '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  await run('openssl', ['req', '-new', ...subject, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`)]);
  const signer =
    authority === undefined
      ? ['-signkey', at(`${name}.key`)]
      : ['-CA', at(`${authority}.pem`), '-CAkey', at(`${authority}.key`), '-CAcreateserial'];
  const out = ['-days', '1', '-extfile', at(`${name}.ext`), '-out', at(`${name}.pem`)];
  await run('openssl', ['x509', '-req', '-in', at(`${name}.csr`), ...signer, ...out]);
}

function tlsBlock(verify: boolean, name = 'server'): string {
  const file = (base: string): string => JSON.stringify(join(folder, base));
  return `tls { cert_file: ${file(`${name}.pem`)}, key_file: ${file(`${name}.key`)}, ca_file: ${file('authority.pem')}, verify: ${verify} }\n`;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await certificate('authority', 'basicConstraints=critical,CA:TRUE\n');
  await certificate('server', 'subjectAltName=IP:127.0.0.1\n', 'authority');
  await certificate('elsewhere', 'subjectAltName=DNS:localhost,IP:127.0.0.2\n', 'authority');
  await certificate('client', 'extendedKeyUsage=clientAuth\n', 'authority');
  server = await startConfigured(tlsBlock(false));
  strict = await startConfigured(tlsBlock(true));
}, 60_000);

describe('a server that requires TLS', () => {
  it.each(['nats', 'tls'])(
    'accepts a client that has the certificate of its authority, at %s://',
    async (scheme) => {
      const store = await openStore({
        servers: server.url.replace(/^\w+:/, `${scheme}:`),
        tls: { caFile: join(folder, 'authority.pem') },
        events: ORDER_EVENTS,
      });
      await store.append(orders, counted(1, 3));
      expect(await collect(store.read(orders))).toHaveLength(3);
      expect(await collect(store.readAll())).toHaveLength(3);
    },
  );

  it.each([
    ['nothing', undefined],
    ['only that TLS is required', {}],
  ])('is rejected by a client that is configured with %s', async (_, tls) => {
    const start = performance.now();
    const error = await rejection(openStore({ servers: server.url, ...(tls && { tls }) }));
    expect(error).toMatchObject({
      code: 'nats',
      outcome: 'not-applied',
      message: expect.stringMatching(/cannot connect to NATS at .*certificate/),
    });
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('that also requires a client certificate rejects clients without one', async () => {
    const authority = { caFile: join(folder, 'authority.pem') };
    const error = await rejection(openStore({ servers: strict.url, tls: authority }));
    expect(error).toMatchObject({ code: 'nats', outcome: 'not-applied' });
    const own = { certFile: join(folder, 'client.pem'), keyFile: join(folder, 'client.key') };
    const store = await openStore({ servers: strict.url, tls: { ...authority, ...own } });
    expect(await store.lastSequence()).toBe(0);
  });

  it('is accepted by one of several addresses, and rejected by an address that its certificate does not contain', async () => {
    const tls = { caFile: join(folder, 'authority.pem') };
    const store = await openStore({ servers: ['nats://127.0.0.9:1', server.url], tls });
    expect(await store.lastSequence()).toBe(0);
    // a certificate for the name localhost does not cover an IP address
    const elsewhere = await startConfigured(tlsBlock(false, 'elsewhere'));
    const error = await rejection(openStore({ servers: elsewhere.url, tls }));
    expect(error).toMatchObject({ code: 'nats', message: expect.stringMatching(/altnames/) });
    const byName = await openStore({ servers: elsewhere.url.replace('127.0.0.1', 'localhost'), tls });
    expect(await byName.lastSequence()).toBe(0);
  });

  it('with a certificate for another host is rejected', async () => {
    const error = await rejection(
      openStore({
        servers: server.url.replace('127.0.0.1', 'localhost'),
        tls: { caFile: join(folder, 'authority.pem') },
      }),
    );
    expect(error).toMatchObject({ code: 'nats', message: expect.stringMatching(/altnames|localhost/) });
  });
});

describe('a server without TLS', () => {
  it('is rejected by a client that requires it', async () => {
    const plain = await startConfigured('server_name: plain\n');
    const tls = { caFile: join(folder, 'authority.pem') };
    const error = await rejection(openStore({ servers: plain.url, tls }));
    expect(error).toMatchObject({ code: 'nats', outcome: 'not-applied' });
  });
});
