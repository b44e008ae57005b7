import { Deadline } from '../../src/kernel/deadline.js';
import { Semaphore } from '../../src/kernel/semaphore.js';

const inTime = (): Deadline => new Deadline(60_000);

describe('a semaphore', () => {
  it('lets in as many as there are places, and the others in the order of their calls', async () => {
    const places = new Semaphore(2);
    const order: number[] = [];
    await Promise.all([places.enter(), places.enter()]);
    const waiting = [1, 2, 3].map(async (n) => {
      await places.enter(inTime());
      order.push(n);
    });
    places.leave();
    await waiting[0];
    expect(order).toEqual([1]);
    places.leave();
    places.leave();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  it('sends away who waits until the deadline, or gives up, and keeps no place for them', async () => {
    const places = new Semaphore(1);
    await places.enter();
    const caller = new AbortController();
    const late = places.enter(new Deadline(10));
    const givenUp = places.enter(new Deadline(60_000, caller.signal));
    const next = places.enter(inTime());
    caller.abort();
    expect(await Promise.all([late, givenUp])).toEqual([false, false]);
    places.leave();
    expect(await next).toBe(true);
    places.leave();
    expect(await places.enter(inTime())).toBe(true);
  });

  it('lets nobody in whose time is up already', async () => {
    const places = new Semaphore(1);
    expect(await places.enter(new Deadline(0))).toBe(false);
    expect(await places.enter(new Deadline(1_000, AbortSignal.abort()))).toBe(false);
    expect(await places.enter(inTime())).toBe(true);
  });

  it('gives the place back when a task fails', async () => {
    const places = new Semaphore(1);
    await expect(places.run(async () => Promise.reject(new RangeError('no')))).rejects.toThrow('no');
    expect(await places.run(async () => 'next')).toBe('next');
  });
});
