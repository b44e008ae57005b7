import { JetStreamConnection } from '../../../src/jetstream/connection/jetstream-connection.js';
import { covers } from '../../../src/jetstream/names/subject-pattern.js';
import { Broker } from './broker.js';
import type { Envelope } from './envelope.js';
import { Faults } from './faults.js';
import { InMemoryConnection } from './in-memory-connection.js';
import { InMemoryJetStream } from './in-memory-jetstream.js';
import type { InMemoryStream } from './in-memory-stream.js';

/** A nats-server with JetStream and one connection to it. What a server does by chance, it does on order. */
export class InMemoryNats {
  readonly broker = new Broker();
  readonly client = new InMemoryConnection(this.broker);
  readonly faults: Faults;
  readonly jetStream: InMemoryJetStream;
  readonly connection: JetStreamConnection;

  constructor() {
    this.faults = new Faults({
      connection: this.client,
      resume: () => this.#each((stream) => stream.serve()),
      dropPulls: () => this.#eachConsumer((consumer) => consumer.dropPulls()),
      deleteConsumers: () =>
        this.#each((stream) => [...stream.consumers.keys()].map((name) => stream.deleteConsumer(name))),
      truncate: (sequence) => this.#each(({ log }) => log.truncate(sequence)),
      remove: (sequence) => this.#each(({ log }) => log.remove(sequence)),
    });
    this.jetStream = new InMemoryJetStream(this.broker, this.faults);
    this.connection = JetStreamConnection.over(this.client.asNatsConnection());
  }

  /** All that was published to subjects of a pattern, in order. */
  published(pattern: string): Envelope[] {
    return this.client.published.filter(({ subject }) => covers(pattern, subject));
  }

  #each(act: (stream: InMemoryStream) => unknown): void {
    for (const stream of this.jetStream.streams.values()) act(stream);
  }

  #eachConsumer(act: (consumer: { dropPulls(): void }) => void): void {
    this.#each((stream) => [...stream.consumers.values()].map((consumer) => act(consumer)));
  }
}
