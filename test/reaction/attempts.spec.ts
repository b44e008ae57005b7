import { UnrecoverableError } from '../../src/reaction/unrecoverable-error.js';
import { DeliveryHarness, FakeParkingPlace, nak } from './delivery-harness.js';
import { fakeMessage } from './fake-message.js';

const fails = (): never => {
  throw new TypeError('no mail today');
};

describe('a message that the handler succeeds with', () => {
  it('is acknowledged when the promise of the handler has resolved', async () => {
    let finish: () => void = () => undefined;
    const handle = async (): Promise<void> => new Promise((resolve) => (finish = resolve));
    const delivered = fakeMessage({ data: { id: 1 } });
    const delivering = new DeliveryHarness({ handle }).deliver(delivered);
    await new Promise(setImmediate);
    expect(delivered.replies).toEqual([]);
    finish();
    expect(await delivering).toEqual(['+ACK']);
  });

  it('was decoded, and is handed over with its message and its origin', async () => {
    const calls: unknown[] = [];
    const harness = new DeliveryHarness({ handle: (call) => calls.push(call) });
    const delivered = fakeMessage({ data: { id: 1 }, sequence: 9 });
    await harness.deliver(delivered);
    expect(calls).toEqual([
      {
        kind: 'payload',
        payload: { id: 1 },
        message: delivered.message,
        origin: { log: 'orders', sequence: 9, eventId: undefined },
      },
    ]);
  });
});

describe('a message that the handler fails with', () => {
  it.each([
    [1, 10],
    [2, 20],
    [3, 30],
    [4, 30],
  ])('for the time number %i is handed back for %i ms, the last pause being repeated', async (count, ms) => {
    const harness = new DeliveryHarness({ handle: fails, policy: { backoffMs: [10, 20, 30] } });
    for (let earlier = 1; earlier < count; earlier += 1)
      await harness.deliver(fakeMessage({ data: 1, deliveryCount: earlier }));
    expect(await harness.deliver(fakeMessage({ data: 1, deliveryCount: count }))).toEqual([nak(ms)]);
    expect(harness.log.slice(count - 1)).toEqual([
      `order.placed (orders 1) for shop-order_placed failed (attempt ${count}), to be tried again in ${ms} ms: no mail today`,
    ]);
  });

  it('is handed back without a pause where there are none', async () => {
    expect(await new DeliveryHarness({ handle: fails }).deliver(fakeMessage({ data: 1 }))).toEqual([nak(0)]);
  });

  it('is parked after the last attempt, and not before', async () => {
    const harness = new DeliveryHarness({ handle: fails, policy: { maxDeliver: 3 } });
    for (const deliveryCount of [1, 2])
      expect(await harness.deliver(fakeMessage({ data: 1, deliveryCount }))).toEqual([nak(0)]);
    expect(harness.place?.parked).toEqual([]);
    const replies = await harness.deliver(fakeMessage({ data: 1, deliveryCount: 3 }));
    expect(replies).toEqual(['+TERM kept as a dead letter in shop-dead-letters']);
    expect(harness.place?.parked).toMatchObject([{ facts: { attempts: 3, error: { name: 'TypeError' } } }]);
    expect([...harness.place!.attempts.kept]).toEqual([]);
  });

  it('has the attempts that other processes have made', async () => {
    const place = new FakeParkingPlace();
    const policy = { maxDeliver: 3, backoffMs: [10, 20] };
    const instance = (): DeliveryHarness => new DeliveryHarness({ place, handle: fails, policy });
    expect(await instance().deliver(fakeMessage({ data: 1 }))).toEqual([nak(10)]);
    expect(await instance().deliver(fakeMessage({ data: 1, deliveryCount: 2 }))).toEqual([nak(20)]);
    await instance().deliver(fakeMessage({ data: 1, deliveryCount: 3 }));
    expect(place.parked).toMatchObject([{ facts: { attempts: 3 } }]);
  });

  it('leaves no record of its attempts when it succeeds at last', async () => {
    let calls = 0;
    const harness = new DeliveryHarness({
      handle: () => {
        calls += 1;
        if (calls === 1) fails();
      },
    });
    await harness.deliver(fakeMessage({ data: 1 }));
    expect([...harness.place!.attempts.kept.values()]).toMatchObject([
      { attempts: 1, last: 'TypeError: no mail today' },
    ]);
    await harness.deliver(fakeMessage({ data: 1, deliveryCount: 2 }));
    expect([...harness.place!.attempts.kept]).toEqual([]);
  });

  it('is tried again also if the attempt cannot be recorded', async () => {
    const harness = new DeliveryHarness({ handle: fails });
    harness.place!.attempts.failure = new Error('the stream is full');
    expect(await harness.deliver(fakeMessage({ data: 1 }))).toEqual([nak(0)]);
    expect(harness.log[0]).toContain('the stream is full');
  });

  it('is parked at once if the handler says that no further attempt would succeed', async () => {
    const handle = (): never => {
      throw new UnrecoverableError('the order has no address', { cause: new TypeError('street') });
    };
    const harness = new DeliveryHarness({ handle });
    const replies = await harness.deliver(fakeMessage({ data: 1 }));
    expect(replies).toEqual(['+TERM kept as a dead letter in shop-dead-letters']);
    expect(harness.place?.parked).toMatchObject([
      {
        facts: {
          attempts: 1,
          error: {
            name: 'UnrecoverableError',
            message: 'the order has no address',
            cause: { message: 'street' },
          },
        },
      },
    ]);
  });

  it('is never parked without a limit', async () => {
    const harness = new DeliveryHarness({ handle: fails, policy: { maxDeliver: Infinity } });
    expect(await harness.deliver(fakeMessage({ data: 1, deliveryCount: 1_000 }))).toEqual([nak(0)]);
  });
});

describe('a message that was delivered without an attempt', () => {
  it('has all of its attempts: an instance that shuts down hands back what it has not handled', async () => {
    const harness = new DeliveryHarness({ policy: { maxDeliver: 3 } });
    expect(await harness.deliver(fakeMessage({ data: 1, deliveryCount: 100 }))).toEqual(['+ACK']);
    expect(harness.place?.parked).toEqual([]);
  });

  it('counts as attempted where no attempts are kept', async () => {
    const harness = new DeliveryHarness({ policy: { maxDeliver: 3 }, place: undefined });
    expect(await harness.deliver(fakeMessage({ data: 1, deliveryCount: 4 }))).toEqual(['+TERM dropped']);
  });

  it('is tried alone after two deliveries: its process may die of it', async () => {
    const seen: string[] = [];
    const ends = new Map<string, () => void>();
    const harness = new DeliveryHarness({
      handle: async ({ message: { seq } }) => {
        seen.push(`begin ${seq}`);
        await new Promise<void>((resolve) => ends.set(String(seq), resolve));
        seen.push(`end ${seq}`);
      },
    });
    const deliver = (sequence: number, deliveryCount: number): Promise<unknown> =>
      harness.deliver(fakeMessage({ data: 1, sequence, deliveryCount }));
    const first = deliver(1, 2);
    await new Promise(setImmediate);
    const suspect = deliver(2, 3);
    await new Promise(setImmediate);
    const later = deliver(3, 1);
    await new Promise(setImmediate);
    expect(seen).toEqual(['begin 1']);
    ends.get('1')?.();
    await first;
    await new Promise(setImmediate);
    expect(seen).toEqual(['begin 1', 'end 1', 'begin 2']);
    ends.get('2')?.();
    await suspect;
    await new Promise(setImmediate);
    expect(seen).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3']);
    ends.get('3')?.();
    await later;
  });

  it('is not called after it was handed back while it waited for one that is tried alone', async () => {
    const seen: number[] = [];
    const harness = new DeliveryHarness({
      handle: async ({ message: { seq } }) => {
        seen.push(seq);
        if (seq === 1) await new Promise(() => undefined);
      },
    });
    const suspect = fakeMessage({ data: 1, sequence: 1, deliveryCount: 3 });
    const waiting = fakeMessage({ data: 1, sequence: 2 });
    void harness.delivery.deliver(suspect.message);
    await new Promise(setImmediate);
    const delivering = harness.delivery.deliver(waiting.message);
    const open = [suspect.message, waiting.message];
    await Promise.all(open.map(async (message) => harness.delivery.handBack(message)));
    for (const message of open) message.nak();
    await delivering;
    expect(seen).toEqual([1]);
    expect(waiting.replies).toEqual(['-NAK']);
  });

  it('is handled when it comes again after it was handed back, by the same process', async () => {
    let end = (): void => undefined;
    let calls = 0;
    const harness = new DeliveryHarness({
      handle: async () => {
        calls += 1;
        if (calls === 1) await new Promise<void>((resolve) => (end = resolve));
      },
    });
    const first = fakeMessage({ data: 1 });
    const delivering = harness.delivery.deliver(first.message);
    await new Promise(setImmediate);
    await harness.delivery.handBack(first.message);
    first.message.nak();
    expect(await harness.deliver(fakeMessage({ data: 1, deliveryCount: 2 }))).toEqual(['+ACK']);
    end();
    await delivering;
    expect(await harness.deliver(fakeMessage({ data: 1, deliveryCount: 1 }))).toEqual(['+ACK']);
  });

  it('leaves no record when it succeeds alone', async () => {
    const harness = new DeliveryHarness();
    await harness.deliver(fakeMessage({ data: 1, deliveryCount: 3 }));
    expect(harness.place?.attempts.kept.size).toBe(0);
  });

  it('keeps its attempts in this process if no record can be kept', async () => {
    const harness = new DeliveryHarness({
      policy: { maxDeliver: 3 },
      handle: () => {
        throw new TypeError('no mail today');
      },
    });
    harness.place!.attempts.failure = new Error('the stream is full');
    for (const deliveryCount of [1, 2, 3]) await harness.deliver(fakeMessage({ data: 1, deliveryCount }));
    expect(harness.place?.parked).toMatchObject([{ facts: { attempts: 3 } }]);
  });

  it('has its attempts left when consumers are stopped while it is tried alone', async () => {
    const place = new FakeParkingPlace();
    const policy = { maxDeliver: 2 };
    for (const deliveryCount of [3, 4, 5, 6]) {
      const stopped = new DeliveryHarness({
        place,
        policy,
        handle: async () => new Promise(() => undefined),
      });
      const { message } = fakeMessage({ data: 1, deliveryCount });
      void stopped.delivery.deliver(message);
      await new Promise(setImmediate);
      expect(place.attempts.kept.size).toBe(1);
      await stopped.delivery.handBack(message);
      expect(place.attempts.kept.size).toBe(0);
    }
    const harness = new DeliveryHarness({ place, policy });
    expect(await harness.deliver(fakeMessage({ data: 1, deliveryCount: 7 }))).toEqual(['+ACK']);
  });

  it('is parked when processes have ended with it as often as it may be attempted', async () => {
    const place = new FakeParkingPlace();
    const policy = { maxDeliver: 3 };
    for (const deliveryCount of [3, 4, 5]) {
      const dying = new DeliveryHarness({ place, policy, handle: async () => new Promise(() => undefined) });
      void dying.deliver(fakeMessage({ data: 1, deliveryCount }));
      await new Promise(setImmediate);
    }
    let calls = 0;
    const harness = new DeliveryHarness({ place, policy, handle: () => (calls += 1) });
    await harness.deliver(fakeMessage({ data: 1, deliveryCount: 6 }));
    expect(calls).toBe(0);
    expect(place.parked).toMatchObject([
      { facts: { attempts: 3, error: { message: 'its process ended while it was being handled' } } },
    ]);
  });
});

describe('a handler with a time limit', () => {
  const policy = { handlerTimeoutMs: 10, backoffMs: [40] };

  it('has failed when it takes longer, and its late result is ignored', async () => {
    let finish: () => void = () => undefined;
    const handle = async (): Promise<void> => new Promise((resolve) => (finish = resolve));
    const harness = new DeliveryHarness({ handle, policy });
    const delivered = fakeMessage({ data: 1 });
    expect(await harness.deliver(delivered)).toEqual([nak(40)]);
    expect(harness.log).toEqual([expect.stringContaining('did not return within 10 ms')]);
    finish();
    await new Promise(setImmediate);
    expect(delivered.replies).toEqual([nak(40)]);
  });

  it('fails late without a word', async () => {
    let fail: (error: Error) => void = () => undefined;
    const handle = async (): Promise<void> => new Promise((_, reject) => (fail = reject));
    const harness = new DeliveryHarness({ handle, policy });
    await harness.deliver(fakeMessage({ data: 1 }));
    fail(new TypeError('too late'));
    await new Promise(setImmediate);
    expect(harness.log).toHaveLength(1);
  });

  it('has its error in the dead letter', async () => {
    const handle = async (): Promise<void> => new Promise(() => undefined);
    const harness = new DeliveryHarness({ handle, policy: { ...policy, maxDeliver: 1 } });
    await harness.deliver(fakeMessage({ data: 1 }));
    expect(harness.place?.parked).toMatchObject([
      { facts: { attempts: 1, error: { name: 'HandlerTimeoutError' } } },
    ]);
  });

  it('is in time when it returns before', async () => {
    const harness = new DeliveryHarness({ policy: { handlerTimeoutMs: 60_000 } });
    expect(await harness.deliver(fakeMessage({ data: 1 }))).toEqual(['+ACK']);
  });
});

describe('a consumer without acknowledgements', () => {
  it('loses a message that the handler fails with', async () => {
    const harness = new DeliveryHarness({
      handle: fails,
      policy: { isUnacknowledged: true, maxDeliver: 1 },
    });
    expect(await harness.deliver(fakeMessage({ data: 1, deliveryCount: 7 }))).toEqual([]);
    expect(harness.place?.parked).toEqual([]);
    expect(harness.log).toEqual([expect.stringContaining('no mail today')]);
  });
});

describe('a handler that acknowledges by itself', () => {
  const policy = { manualAck: true, backoffMs: [40] };

  it('is left to do so: a message that it keeps is not acknowledged', async () => {
    expect(await new DeliveryHarness({ policy }).deliver(fakeMessage({ data: 1 }))).toEqual([]);
  });

  it.each([
    ['ack', '+ACK'],
    ['nak', '-NAK'],
    ['term', '+TERM'],
  ] as const)('is heard: %s', async (verdict, reply) => {
    const harness = new DeliveryHarness({ policy, handle: ({ message }) => message[verdict]() });
    expect(await harness.deliver(fakeMessage({ data: 1 }))).toEqual([reply]);
  });

  it('has handed back what it does not want, as an attempt', async () => {
    const harness = new DeliveryHarness({
      policy: { ...policy, maxDeliver: 2 },
      handle: ({ message }) => message.nak(),
    });
    for (const deliveryCount of [1, 2]) await harness.deliver(fakeMessage({ data: 1, deliveryCount }));
    await harness.deliver(fakeMessage({ data: 1, deliveryCount: 3 }));
    expect(harness.place?.parked).toMatchObject([
      { facts: { attempts: 2, error: { message: 'its handler handed it back' } } },
    ]);
  });

  it('gets a message again if it throws before', async () => {
    const harness = new DeliveryHarness({ policy, handle: fails });
    expect(await harness.deliver(fakeMessage({ data: 1 }))).toEqual([nak(40)]);
  });
});

describe('a handler that throws after it has acknowledged', () => {
  it('does not get the message again, and its error is logged', async () => {
    const harness = new DeliveryHarness({
      handle: ({ message }) => {
        message.ack();
        fails();
      },
      policy: { maxDeliver: 1 },
    });
    expect(await harness.deliver(fakeMessage({ data: 1 }))).toEqual(['+ACK']);
    expect(harness.place?.parked).toEqual([]);
    expect(harness.log).toEqual([expect.stringContaining('failed after it was settled: no mail today')]);
  });
});

describe('a message that waits for the time of its publication', () => {
  it('is acknowledged without a call', async () => {
    let calls = 0;
    const harness = new DeliveryHarness({ handle: () => (calls += 1) });
    const scheduled = fakeMessage({ headers: { 'Nats-Schedule': '@at 2026-01-01T00:00:00Z' } });
    expect(await harness.deliver(scheduled)).toEqual(['+ACK']);
    expect(calls).toBe(0);
  });
});
