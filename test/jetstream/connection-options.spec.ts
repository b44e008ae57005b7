import { inspect } from 'node:util';
import {
  type ConnectionOptions,
  apiPrefixOf,
  toNatsOptions,
} from '../../src/jetstream/connection/connection-options.js';

const servers = 'nats://127.0.0.1:4222';

function refusal(options: Partial<Record<string, unknown>>): unknown {
  try {
    return toNatsOptions({ servers, ...options } as ConnectionOptions, 'a name');
  } catch (error) {
    return { code: (error as { code: string }).code, option: (error as { option: string }).option };
  }
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('connection options', () => {
  it('take several servers in one text, separated by commas, also where a password holds one', () => {
    const plain = toNatsOptions({ servers: 'nats://a:1,nats://b:2, c:3' }, 'x');
    expect(plain.servers).toEqual(['nats://a:1', 'nats://b:2', 'c:3']);
    const withPassword = toNatsOptions({ servers: 'nats://u:p,w@a:1,nats://u:p,w@b:2' }, 'x');
    expect(withPassword).toMatchObject({ servers: ['nats://a:1', 'nats://b:2'], user: 'u', pass: 'p,w' });
  });

  it('reach the client under the names it knows, with defaults for a service that lives on', () => {
    const tls = { handshakeFirst: true };
    expect(
      toNatsOptions({ servers, user: 'ada', pass: 'secret', tls, pingInterval: 5 }, 'jetsource shop'),
    ).toEqual({
      servers: [servers],
      name: 'jetsource shop',
      user: 'ada',
      pass: 'secret',
      tls,
      pingInterval: 5,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      timeout: 3_000,
      ignoreAuthErrorAbort: true,
    });
    expect(toNatsOptions({ servers, connectionName: 'mine', reconnectTimeWait: 9 }, 'x')).toMatchObject({
      name: 'mine',
      reconnectTimeWait: 9,
    });
  });

  it.each([
    ['nats://ada:p%40ss@host:1', { user: 'ada', pass: 'p@ss' }, 'nats://host:1'],
    ['ada:secret@host', { user: 'ada', pass: 'secret' }, 'host'],
    ['nats://t0ken@host:1', { token: 't0ken' }, 'nats://host:1'],
    ['tls://host:1', { tls: expect.anything() }, 'tls://host:1'],
    ['NATS://[::1]:4222/', {}, 'nats://[::1]:4222'],
  ])('take credentials out of %s', (url, credentials, bare) => {
    const options = toNatsOptions({ servers: [url, url] }, 'x');
    expect(options).toMatchObject({ ...credentials, servers: [bare, bare] });
    expect(JSON.stringify(options.servers)).not.toContain('@');
  });

  it('are refused by name when they cannot work', () => {
    const refused = (option: string): object => ({ code: 'invalid-option', option });
    expect(refusal({ servers: '' })).toEqual(refused('servers'));
    expect(refusal({ servers: [] })).toEqual(refused('servers'));
    expect(refusal({ servers: undefined })).toEqual(refused('servers'));
    expect(refusal({ servers: ['nats://a@x', 'nats://b@y'] })).toEqual(refused('servers'));
    expect(refusal({ password: 'secret' })).toEqual(refused('password'));
    expect(refusal({ servers: 'nats://a:b@x', token: 't' })).toEqual(refused('token'));
    expect(refusal({ credentialsFile: 'x', authenticator: [] })).toEqual(refused('authenticator'));
    expect(refusal({ credentialsFile: '/nowhere/x.creds' })).toEqual(refused('credentialsFile'));
  });

  it.each(['ws://x', 'wss://x', 'http://x', 'redis://x:1'])('refuse %s by its scheme', (url) => {
    const scheme = url.slice(0, url.indexOf(':'));
    expect(() => toNatsOptions({ servers: ['nats://a', url] }, 'x')).toThrow(
      `URLs that begin with nats:// or tls://; given: "a URL that begins with ${scheme}://"`,
    );
  });

  it('take tls:// for TLS, whatever the options say', () => {
    expect(toNatsOptions({ servers: 'tls://host' }, 'x').tls).toEqual({});
    expect(toNatsOptions({ servers: ['nats://a', 'tls://b'] }, 'x').tls).toEqual({});
    expect(refusal({ servers: 'tls://host', tls: null })).toEqual({ code: 'invalid-option', option: 'tls' });
    expect(toNatsOptions({ servers: 'nats://host' }, 'x').tls).toBeUndefined();
  });

  it.each(['p@ss:w/rd#1?&=+', '/iq/Vm/QXzf+8Q==', 'sÜß§12§', '100%sure', 'a b', 'ends@', '@:/@'])(
    'take the password %s as it is written, and show no part of it in an error',
    (password) => {
      for (const written of [password, encodeURIComponent(password)]) {
        const url = `nats://ada:${written}@host:4222`;
        expect(toNatsOptions({ servers: url }, 'x')).toMatchObject({
          servers: ['nats://host:4222'],
          user: 'ada',
          pass: password,
        });
        const faults = [
          { servers: [url, ''] },
          { servers: [url, 'nats://bob:other@host'] },
          { servers: `ftp://ada:${written}@host` },
          { servers: `nats://ada:${written}@host/path` },
          { servers: `nats://ada:${written}` },
          { servers: url, token: 't' },
        ];
        for (const options of faults) {
          const error = thrownBy(() => toNatsOptions(options, 'x'));
          expect(error).toBeDefined();
          expect(inspect(error, { depth: 9 })).not.toContain(written);
        }
      }
    },
  );

  it('name the JetStream API', () => {
    expect(apiPrefixOf({ servers })).toBe('$JS.API');
    expect(apiPrefixOf({ servers, domain: 'hub' })).toBe('$JS.hub.API');
    expect(apiPrefixOf({ servers, apiPrefix: 'acc.API' })).toBe('acc.API');
    expect(() => apiPrefixOf({ servers, domain: 'hub', apiPrefix: 'acc.API' })).toThrow('domain');
  });
});
