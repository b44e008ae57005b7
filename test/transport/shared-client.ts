import { Logger } from '@nestjs/common';
import { NatsJetStreamClientProxy } from '../../src/transport/client/nats-jetstream-client-proxy.js';
import type { NatsJetStreamClientOptions } from '../../src/transport/client/nats-jetstream-client-options.js';
import type { NatsStreamConfig } from '../../src/transport/stream-config.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';

// specs provoke errors, which would fill the output
Logger.overrideLogger(false);

const open = new Set<NatsJetStreamClientProxy>();

/** A client of the shared server, unless the options name another one; closed when the spec file is done. */
export function openClient(options: NatsJetStreamClientOptions = {}): NatsJetStreamClientProxy {
  const client = new NatsJetStreamClientProxy({
    connectionOptions: { servers: sharedServerUrl() },
    ...options,
  });
  open.add(client);
  return client;
}

/** A stream that no other spec uses. It captures subjects that start with its name. */
export function uniqueStream(config: Partial<NatsStreamConfig> = {}): NatsStreamConfig & { name: string } {
  const name = uniqueStoreName();
  return { name, subjects: [`${name}.>`], ...config };
}

afterAll(async () => {
  await Promise.all([...open].map(async (client) => client.close()));
  open.clear();
});
