import type { NatsStreamConfig } from '../../src/transport/stream-config.js';
import { lastValueFrom } from 'rxjs';
import { until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { sharedServerUrl } from '../support/server-url.js';
import { openClient } from './shared-client.js';

/** The server's information about a consumer. */
export interface ConsumerState {
  readonly name: string;
  readonly config: Record<string, unknown>;
  readonly ack_floor: { readonly stream_seq: number };
  readonly num_ack_pending: number;
}

/** The shared server through a plain NATS connection. */
export let raw: RawNats;

beforeAll(async () => {
  raw = await RawNats.open();
});

afterAll(async () => raw[Symbol.asyncDispose]());

export async function consumerState(stream: string, consumer: string): Promise<ConsumerState> {
  return raw.api<ConsumerState & Record<string, unknown>>(`CONSUMER.INFO.${stream}.${consumer}`);
}

/** The stream's only consumer. */
export async function onlyConsumer(stream: string): Promise<ConsumerState> {
  const [name = 'none', ...others] = await raw.consumers(stream);
  expect(others).toEqual([]);
  return consumerState(stream, name);
}

/** Waits until all messages up to that sequence are acknowledged on the stream's only consumer. */
export async function untilAcknowledged(stream: string, sequence: number): Promise<void> {
  await until(
    `${sequence} events are acknowledged`,
    async () => (await onlyConsumer(stream)).ack_floor.stream_seq === sequence,
  );
}

/** Emits numbers from 1 on, one by one, to `<stream>.<suffix>`. */
export async function emitNumbers(stream: string, count: number, suffix = 'n'): Promise<void> {
  const client = openClient();
  for (let number = 1; number <= count; number += 1) {
    await lastValueFrom(client.emit(`${stream}.${suffix}`, number));
  }
}

/** Creates the stream, and emits numbers to it before there is a consumer. */
export async function emitFirst(
  streamConfig: NatsStreamConfig & { name: string },
  count: number,
): Promise<void> {
  await openClient({ connectionOptions: { servers: sharedServerUrl() }, streamConfig }).connect();
  await emitNumbers(streamConfig.name, count);
}

export async function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
