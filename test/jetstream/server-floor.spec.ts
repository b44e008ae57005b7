import {
  requireEventStoreServer,
  requireTransportServer,
} from '../../src/jetstream/connection/server-floor.js';
import { UnsupportedByServerError } from '../../src/jetstream/connection/connection-errors.js';

describe('the server floor of the event store', () => {
  it.each(['2.12.1', '2.12.10', '2.13.0', '2.15.1', '3.0.0', '2.12.1-RC.1', '2.14.0-beta+7'])(
    'lets %s pass',
    (version) => {
      expect(() => requireEventStoreServer(version)).not.toThrow();
    },
  );

  it.each(['2.12.0', '2.9.25', '2.10.27', '2.2.99', '1.99.99', '2.12', '2', '', 'unknown', 'v3'])(
    'refuses %j by name, version and floor',
    (version) => {
      expect(() => requireEventStoreServer(version)).toThrow(UnsupportedByServerError);
      expect(() => requireEventStoreServer(version)).toThrow(
        expect.objectContaining({ floor: '2.12.1', found: `nats-server ${version}` }) as Error,
      );
    },
  );
});

describe('the server floor of the transport', () => {
  it.each(['2.10.0', '2.10.27', '2.15.1'])('lets %s pass', (version) => {
    expect(() => requireTransportServer(version)).not.toThrow();
  });

  it.each(['2.9.25', '2.2.99', ''])('refuses %j by name, version and floor', (version) => {
    expect(() => requireTransportServer(version)).toThrow(
      expect.objectContaining({ floor: '2.10.0', found: `nats-server ${version}` }) as Error,
    );
  });
});
