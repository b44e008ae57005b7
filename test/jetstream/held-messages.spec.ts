import type { ConsumerInfo } from '@nats-io/jetstream';
import { ConsumerPosition } from '../../src/jetstream/consume/consumer-position.js';
import { HeldMessages } from '../../src/jetstream/consume/held-messages.js';
import { InMemoryNats } from '../support/in-memory-nats/in-memory-nats.js';

/** A delivery of a sequence, as the server addresses its answer. */
function delivery(sequence: number): never {
  const reply = `$JS.ACK.LOG.reader.1.${sequence}.${sequence}.1700000000000000000.0`;
  return { subject: 'log.a', reply, data: new Uint8Array(), headers: undefined } as never;
}

function info(floor: number, delivered: number): ConsumerInfo {
  return { ack_floor: { stream_seq: floor }, delivered: { stream_seq: delivered } } as ConsumerInfo;
}

describe('the messages that a process holds', () => {
  it('count as pending only where the consumer knows that it has delivered them', async () => {
    const nats = new InMemoryNats();
    const held = new HeldMessages(nats.connection, new ConsumerPosition());
    for (const sequence of [5, 6, 7, 8]) held.receive(delivery(sequence));
    expect(held.pendingOf(info(4, 8))).toBe(4);
    // its leader has lost the deliveries of 7 and 8, which come again
    expect(held.pendingOf(info(4, 6))).toBe(2);
    expect(held.pendingOf(info(5, 6))).toBe(1);
    await nats.connection.close();
  });
});
