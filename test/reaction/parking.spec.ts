import { DeliveryHarness, FakeParkingPlace, jsonUnpacker, nak } from './delivery-harness.js';
import { fakeMessage } from './fake-message.js';

const fails = (): never => {
  throw new RangeError('out of stock');
};
const original = { subject: 'order.placed.42', data: { id: 42 }, headers: { tenant: 'acme' }, sequence: 7 };

describe('a message whose attempts are used up', () => {
  it('is parked with its headers and body, and the facts of its failure', async () => {
    const harness = new DeliveryHarness({ handle: fails, policy: { maxDeliver: 1 } });
    await harness.deliver(fakeMessage(original));
    const [parked] = harness.place!.parked;
    expect(parked?.facts).toEqual({
      subject: 'order.placed.42',
      stream: 'orders',
      sequence: 7,
      storedAt: '2026-01-01T00:00:01.000000000Z',
      consumer: 'shop-order_placed',
      pattern: 'order.placed',
      attempts: 1,
      error: { name: 'RangeError', message: 'out of stock', stack: expect.stringContaining('RangeError') },
      eventId: undefined,
    });
    expect(parked?.original.headers?.get('tenant')).toBe('acme');
    expect(new TextDecoder().decode(parked?.original.data)).toBe('{"id":42}');
  });

  it('is parked under the same id however often that is repeated, and under another for another message', async () => {
    const harness = new DeliveryHarness({ handle: fails, policy: { maxDeliver: 1 } });
    await harness.deliver(fakeMessage(original));
    await harness.deliver(fakeMessage({ ...original, deliveryCount: 2 }));
    await harness.deliver(fakeMessage({ ...original, sequence: 8 }));
    const ids = harness.place!.parked.map(({ id }) => id);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('is dropped where there is no parking place', async () => {
    const harness = new DeliveryHarness({ handle: fails, policy: { maxDeliver: 1 }, place: undefined });
    expect(await harness.deliver(fakeMessage(original))).toEqual(['+TERM dropped']);
    expect(harness.log).toEqual([expect.stringContaining('given up after 1 attempts and dropped')]);
  });

  it('is delivered again if it cannot be parked, and parked then without a call', async () => {
    let calls = 0;
    const harness = new DeliveryHarness({
      handle: () => {
        calls += 1;
        fails();
      },
      policy: { maxDeliver: 1 },
    });
    harness.place!.failure = new Error('the stream is full');
    expect(await harness.deliver(fakeMessage(original))).toEqual([nak(5_000)]);
    expect(harness.log).toEqual([expect.stringContaining('cannot be kept: the stream is full')]);
    harness.place!.failure = undefined;
    const replies = await harness.deliver(fakeMessage({ ...original, deliveryCount: 2 }));
    expect(replies).toEqual(['+TERM kept as a dead letter in shop-dead-letters']);
    expect(calls).toBe(1);
  });
});

describe('a message that cannot be decoded', () => {
  it('is parked without an attempt, since no further one would succeed', async () => {
    let calls = 0;
    const harness = new DeliveryHarness({ handle: () => (calls += 1) });
    const replies = await harness.deliver(fakeMessage({ data: new TextEncoder().encode('{') }));
    expect(replies).toEqual(['+TERM kept as a dead letter in shop-dead-letters']);
    expect(calls).toBe(0);
    expect(harness.place?.parked).toMatchObject([{ facts: { error: { name: 'SyntaxError' } } }]);
  });
});

describe('a redriven message', () => {
  /** A place in which {@link original} is parked. */
  async function parkedPlace(
    unpacker = jsonUnpacker(),
    message = fakeMessage(original),
  ): Promise<FakeParkingPlace> {
    const harness = new DeliveryHarness({ handle: fails, policy: { maxDeliver: 1 }, unpacker });
    await harness.deliver(message);
    return harness.place!;
  }

  it('is handled like the original, and removed when that has succeeded', async () => {
    const place = await parkedPlace();
    const seen: unknown[] = [];
    const harness = new DeliveryHarness({
      place,
      handle: (call) =>
        seen.push([
          call.message.subject,
          call.message.headers?.get('tenant'),
          call.message.headers?.keys(),
          call.kind === 'payload' && call.payload,
          call.origin,
        ]),
    });
    expect(await harness.redrive(place.redriven(0, { sequence: 50 }))).toEqual(['+ACK']);
    expect(seen).toEqual([
      ['order.placed.42', 'acme', ['tenant'], { id: 42 }, { log: 'orders', sequence: 7, eventId: undefined }],
    ]);
    expect(place.removed).toEqual([50]);
  });

  it('of another stream is not handled, and stays: two consumers may have one name', async () => {
    const place = await parkedPlace();
    const calls: unknown[] = [];
    const harness = new DeliveryHarness({ place, log: 'payments', handle: (call) => calls.push(call) });
    expect(await harness.redrive(place.redriven(0))).toEqual([nak(5_000)]);
    expect(calls).toEqual([]);
    expect(place.removed).toEqual([]);
    expect(harness.log[0]).toContain('give one of the two consumers another name');
  });

  it('has all of its attempts again', async () => {
    const place = await parkedPlace();
    const harness = new DeliveryHarness({ place, handle: fails, policy: { maxDeliver: 2, backoffMs: [10] } });
    expect(await harness.redrive(place.redriven(0))).toEqual([nak(10)]);
    expect(place.removed).toEqual([]);
  });

  it('is parked again with the facts of its original, under an id of its own, and then removed', async () => {
    const place = await parkedPlace();
    const harness = new DeliveryHarness({ place, handle: fails, policy: { maxDeliver: 2 } });
    await harness.redrive(place.redriven(0, { sequence: 50 }));
    await harness.redrive(place.redriven(0, { sequence: 50, deliveryCount: 2 }));
    const [first, second] = place.parked;
    expect(second?.facts).toMatchObject({
      ...first?.facts,
      attempts: 2,
      error: { message: 'out of stock' },
    });
    expect(second?.id).not.toBe(first?.id);
    expect(place.removed).toEqual([50]);
  });

  it('is kept if the handler of a manual consumer has not acknowledged it', async () => {
    const place = await parkedPlace();
    const harness = new DeliveryHarness({ place, policy: { manualAck: true } });
    expect(await harness.redrive(place.redriven(0))).toEqual([]);
    expect(place.removed).toEqual([]);
  });

  it('gets its body from the log if that was too large to be parked', async () => {
    const place = await parkedPlace();
    const [parked] = place.parked;
    place.parked[0] = { ...parked!, original: { ...parked!.original, data: new Uint8Array() } };
    const payloads: unknown[] = [];
    const harness = new DeliveryHarness({
      place,
      handle: (call) => payloads.push(call.kind === 'payload' && call.payload),
      bodies: new Map([[7, new TextEncoder().encode('{"id":42}')]]),
    });
    await harness.redrive(place.redriven(0));
    expect(payloads).toEqual([{ id: 42 }]);
  });

  it('is not looked up in the log if the consumer delivers headers only', async () => {
    const unpacker = jsonUnpacker(true);
    const place = await parkedPlace(unpacker, fakeMessage({ ...original, data: undefined }));
    const bodies: number[] = [];
    const harness = new DeliveryHarness({
      place,
      unpacker,
      handle: ({ message }) => bodies.push(message.data.length),
      bodies: new Map([[7, new TextEncoder().encode('{"id":42}')]]),
    });
    expect(await harness.redrive(place.redriven(0))).toEqual(['+ACK']);
    expect(bodies).toEqual([0]);
  });

  it('that is no dead letter is ended and removed', async () => {
    const harness = new DeliveryHarness();
    const replies = await harness.redrive(fakeMessage({ sequence: 51 }));
    expect(replies).toEqual(['+TERM its original is gone']);
    expect(harness.place?.removed).toEqual([51]);
  });
});
