import { Backlog } from '../../src/jetstream/consume/backlog.js';
import type { DeliveredMessage } from '../../src/jetstream/consume/delivered-message.js';
import { DeliveryHarness, nak } from './delivery-harness.js';
import { fakeMessage } from './fake-message.js';

const keyOf = ({ subject }: DeliveredMessage): string => subject;

describe('order by key', () => {
  it('holds when a message fails: the next one of its key waits, others do not', async () => {
    const calls: string[] = [];
    const harness = new DeliveryHarness<unknown>({
      policy: { keyOf, backoffMs: [1] },
      handle: ({ message: { subject, seq } }) => {
        calls.push(`${subject}${seq}`);
        if (calls.filter((call) => call === 'a1').length < 3 && seq === 1) throw new Error('not yet');
      },
    });
    const messages = [
      fakeMessage({ subject: 'a', sequence: 1, data: 1 }),
      fakeMessage({ subject: 'a', sequence: 2, data: 1 }),
      fakeMessage({ subject: 'b', sequence: 3, data: 1 }),
    ];
    await consume(
      messages.map(({ message }) => message),
      harness,
    );
    expect(calls).toEqual(['a1', 'b3', 'a1', 'a1', 'a2']);
    expect(messages.map(({ replies }) => replies)).toEqual([['+ACK'], ['+ACK'], ['+ACK']]);
  });

  it('counts attempts across its own retries and those of others, and parks after the last', async () => {
    let calls = 0;
    const { delivery, place } = new DeliveryHarness({
      policy: { keyOf, maxDeliver: 4, backoffMs: [10, 20, 30] },
      handle: () => {
        calls += 1;
        throw new Error('never');
      },
    });
    await place?.attempts.keep('shop-order_placed.orders.1', { attempts: 1, last: 'never' });
    const { message, replies } = fakeMessage({ data: 1, deliveryCount: 2 });
    expect(await delivery.deliver(message)).toBe(20);
    expect(await delivery.deliver(message)).toBe(30);
    expect(replies).toEqual([]);
    expect(await delivery.deliver(message)).toBeUndefined();
    expect(replies).toEqual(['+TERM kept as a dead letter in shop-dead-letters']);
    expect(calls).toBe(3);
    expect(place?.parked).toMatchObject([{ facts: { attempts: 4 } }]);
  });

  it('does not hold for redriven messages: one that fails is handed back', async () => {
    const harness = new DeliveryHarness({
      policy: { keyOf, maxDeliver: 1 },
      handle: () => {
        throw new Error('never');
      },
    });
    await harness.deliver(fakeMessage({ data: 1 }));
    const again = new DeliveryHarness({
      policy: { keyOf, backoffMs: [40] },
      place: harness.place,
      handle: () => {
        throw new Error('never');
      },
    });
    expect(await again.redrive(harness.place!.redriven(0))).toEqual([nak(40)]);
  });
});

/** Delivers as a consumer with two places does: a key is taken until the delivery of its message is over. */
async function consume(
  messages: readonly DeliveredMessage[],
  { delivery }: DeliveryHarness<unknown>,
): Promise<void> {
  const backlog = new Backlog<DeliveredMessage>({ keyOf });
  for (const message of messages) backlog.add(message);
  const work = async (): Promise<void> => {
    for (let message = backlog.take(); message !== undefined; message = backlog.take()) {
      const afterMs = await delivery.deliver(message);
      if (afterMs === undefined) backlog.done(message);
      else backlog.again(message);
    }
  };
  await Promise.all([work(), work()]);
}
