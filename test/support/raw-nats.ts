import { connect, headers, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { sharedServerUrl } from './server-url.js';

/**
 * A NATS connection without jetsource, to store messages that jetsource would not and to inspect the server.
 */
export class RawNats {
  readonly nc: NatsConnection;

  private constructor(nc: NatsConnection) {
    this.nc = nc;
  }

  /** Connects to the shared server unless another URL is given. */
  static async open(url = sharedServerUrl(), options: NodeConnectionOptions = {}): Promise<RawNats> {
    return new RawNats(await connect({ servers: url, ...options }));
  }

  /** Calls the JetStream API, such as `STREAM.INFO.shop`. */
  async api<T = Record<string, unknown>>(call: string, body?: object): Promise<T> {
    const reply = await this.nc.request(`$JS.API.${call}`, body && JSON.stringify(body), { timeout: 5_000 });
    return reply.json<T>();
  }

  /** Stores a message and returns its sequence. */
  async store(
    subject: string,
    body: string | Uint8Array,
    header: Record<string, string> = {},
  ): Promise<number> {
    const natsHeaders = headers();
    for (const [name, value] of Object.entries(header)) natsHeaders.set(name, value);
    const reply = await this.nc.request(subject, body, { headers: natsHeaders, timeout: 5_000 });
    const { seq, error } = reply.json<{ seq?: number; error?: { description: string } }>();
    if (seq === undefined) throw new TypeError(`${subject}: ${error?.description ?? 'not stored'}`);
    return seq;
  }

  async messageCount(stream: string): Promise<number> {
    const { state } = await this.api<{ state: { messages: number } }>(`STREAM.INFO.${stream}`);
    return state.messages;
  }

  async consumers(stream: string): Promise<string[]> {
    const { consumers } = await this.api<{ consumers: string[] | null }>(`CONSUMER.NAMES.${stream}`);
    return consumers ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nc.close();
  }
}
