import type { ConsumerInfo } from '@nats-io/jetstream';
import { ApiCode } from '../../src/jetstream/api/api-codes.js';
import type { ApiResult } from '../../src/jetstream/api/api-result.js';
import type { NamedConsumerConfig } from '../../src/jetstream/api/jetstream-api.js';
import type { JetStreamConnection } from '../../src/jetstream/connection/jetstream-connection.js';
import { identityMetadata } from '../../src/jetstream/consume/consumer-identity.js';
import { ensureConsumer } from '../../src/jetstream/consume/ensure-consumer.js';
import { Deadline } from '../../src/kernel/deadline.js';
import { rejection } from '../support/collect.js';

function configOf(service: string, pattern: string): NamedConsumerConfig {
  const metadata = identityMetadata({ service, pattern, handler: undefined, method: undefined });
  return { name: 'shop-mail-sent', filter_subject: pattern, metadata };
}

/** A server on which another service creates the consumer between the look for it and the creation. */
class RacingServer {
  readonly updates: NamedConsumerConfig[] = [];
  #existing: NamedConsumerConfig | undefined;
  readonly #other: NamedConsumerConfig;

  constructor(other: NamedConsumerConfig) {
    this.#other = other;
  }

  get connection(): JetStreamConnection {
    return { api: this } as unknown as JetStreamConnection;
  }

  async consumerInfo(): Promise<ApiResult<ConsumerInfo>> {
    if (this.#existing !== undefined)
      return { ok: true, value: { config: this.#existing } as unknown as ConsumerInfo };
    return {
      ok: false,
      fault: { code: 404, err_code: ApiCode.consumerNotFound, description: 'consumer not found' },
    };
  }

  async putConsumer(
    _stream: string,
    { config, action }: { config: NamedConsumerConfig; action: string },
  ): Promise<ApiResult<ConsumerInfo>> {
    if (action === 'create') {
      this.#existing = this.#other;
      return {
        ok: false,
        fault: { code: 400, err_code: ApiCode.consumerExists, description: 'consumer already exists' },
      };
    }
    this.updates.push(config);
    return { ok: true, value: { config } as unknown as ConsumerInfo };
  }
}

describe('a consumer that is created by another process at the same time', () => {
  it('is used if it is for the same handler, and brought up to date', async () => {
    const server = new RacingServer({ ...configOf('shop', 'mail-sent'), ack_wait: 5 });
    const config = { ...configOf('shop', 'mail-sent'), ack_wait: 7 };
    await ensureConsumer(server.connection, { stream: 'mails', config }, new Deadline(5_000));
    expect(server.updates).toEqual([expect.objectContaining({ ack_wait: 7 })]);
  });

  it('is left alone if it is another service’s', async () => {
    const server = new RacingServer(configOf('shop-mail', 'sent'));
    const config = configOf('shop', 'mail-sent');
    expect(
      await rejection(ensureConsumer(server.connection, { stream: 'mails', config }, new Deadline(5_000))),
    ).toMatchObject({
      code: 'consumer-settings',
      message: expect.stringContaining('sent in shop-mail'),
    });
    expect(server.updates).toEqual([]);
  });
});
