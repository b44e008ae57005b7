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

describe('connection options', () => {
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
    ['tls://host:1', {}, 'tls://host:1'],
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
    expect(refusal({ servers: 'nats://%@x' })).toEqual(refused('servers'));
    expect(refusal({ password: 'secret' })).toEqual(refused('password'));
    expect(refusal({ servers: 'nats://a:b@x', token: 't' })).toEqual(refused('token'));
    expect(refusal({ credentialsFile: 'x', authenticator: [] })).toEqual(refused('authenticator'));
    expect(refusal({ credentialsFile: '/nowhere/x.creds' })).toEqual(refused('credentialsFile'));
  });

  it('name the JetStream API', () => {
    expect(apiPrefixOf({ servers })).toBe('$JS.API');
    expect(apiPrefixOf({ servers, domain: 'hub' })).toBe('$JS.hub.API');
    expect(apiPrefixOf({ servers, apiPrefix: 'acc.API' })).toBe('acc.API');
    expect(() => apiPrefixOf({ servers, domain: 'hub', apiPrefix: 'acc.API' })).toThrow('domain');
  });
});
