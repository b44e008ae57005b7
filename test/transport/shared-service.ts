import { Controller, type ExceptionFilter, type INestMicroservice, type Type } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { NatsJetStreamServerOptions } from '../../src/transport/server/nats-jetstream-server-options.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import type { NatsConsumerOptions } from '../../src/transport/consumer-options.js';
import type { NatsJetStreamContext } from '../../src/transport/server/nats-jetstream.context.js';
import { DeadLetters } from '../../src/transport/server/dead-letters.js';
import type { DeadLetter } from '../../src/jetstream/dead-letters/dead-letter-stream.js';
import { collect, until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';

/** A running microservice, and its strategy. */
export interface Service {
  readonly app: INestMicroservice;
  readonly server: NatsJetStreamServer;
}

const running: Service[] = [];

/** A controller with one event handler. */
export function listener(
  pattern: string | object,
  handle: (payload: unknown, context: NatsJetStreamContext) => unknown,
  extras: { readonly consumer?: NatsConsumerOptions; readonly name?: string } = {},
): Type {
  @Controller()
  class Listener {
    @EventPattern<string | object>(pattern, extras)
    on(@Payload() payload: unknown, @Ctx() context: NatsJetStreamContext): unknown {
      return handle(payload, context);
    }
  }
  return Listener;
}

/** A service of that name on the shared server, closed when the spec file is done. */
export async function startService(
  name: string,
  controllers: readonly Type[],
  options: NatsJetStreamServerOptions = {},
  filters: readonly ExceptionFilter[] = [],
): Promise<Service> {
  const server = new NatsJetStreamServer({
    connectionOptions: { servers: sharedServerUrl(), name },
    ...options,
  });
  const module = await Test.createTestingModule({ controllers: [...controllers] }).compile();
  const app = module.createNestMicroservice({ strategy: server, logger: false });
  app.useGlobalFilters(...filters);
  await app.listen();
  running.push({ app, server });
  return { app, server };
}

/** The dead letters of a service, as soon as there are that many. */
export async function deadLetters(name: string, count: number): Promise<DeadLetter[]> {
  await using letters = await openDeadLetters(name);
  let found: DeadLetter[] = [];
  await until(`${count} dead letters`, async () => {
    found = await collect(letters.list());
    return found.length >= count;
  });
  return found;
}

export async function openDeadLetters(name: string): Promise<DeadLetters> {
  return DeadLetters.open({ connectionOptions: { servers: sharedServerUrl(), name } });
}

afterAll(async () => {
  await Promise.all(running.splice(0).map(async ({ app }) => app.close()));
});
