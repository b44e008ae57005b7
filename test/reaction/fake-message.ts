import { headers as newHeaders, type Msg } from '@nats-io/transport-node';
import { DeliveredMessage } from '../../src/jetstream/consume/delivered-message.js';
import type { JetStreamConnection } from '../../src/jetstream/connection/jetstream-connection.js';

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** What a fake delivered message is. */
export interface FakeMessageOptions {
  readonly subject?: string;
  readonly data?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default orders */
  readonly log?: string;
  /** @default 1 */
  readonly sequence?: number;
  /** @default 1 */
  readonly deliveryCount?: number;
}

/**
 * A message as a consumer delivers it, without a server, and the acknowledgements that the server would get.
 */
export interface FakeMessage {
  readonly message: DeliveredMessage;
  readonly replies: readonly string[];
}

export function fakeMessage(options: FakeMessageOptions = {}): FakeMessage {
  const { subject = 'order.placed', log = 'orders', sequence = 1, deliveryCount = 1 } = options;
  const replies: string[] = [];
  const post = (_: string, payload: Uint8Array): void => void replies.push(text.decode(payload));
  const connection = { outbox: { post } } as unknown as JetStreamConnection;
  const nanos = BigInt(Date.parse('2026-01-01T00:00:01Z')) * 1_000_000n;
  const msg = {
    subject,
    reply: `$JS.ACK.${log}.shop.${deliveryCount}.${sequence}.${sequence}.${nanos}.0`,
    headers: toHeaders(options.headers),
    data: toBytes(options.data),
  } as unknown as Msg;
  return { message: new DeliveredMessage(connection, msg), replies };
}

function toHeaders(values: Readonly<Record<string, string>> = {}): ReturnType<typeof newHeaders> | undefined {
  if (Object.keys(values).length === 0) return undefined;
  const headers = newHeaders();
  for (const [name, value] of Object.entries(values)) headers.set(name, value);
  return headers;
}

function toBytes(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  return data === undefined ? new Uint8Array() : utf8.encode(JSON.stringify(data));
}
