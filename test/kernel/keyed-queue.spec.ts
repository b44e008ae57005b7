import { Deadline } from '../../src/kernel/deadline.js';
import { KeyedQueue } from '../../src/kernel/keyed-queue.js';

/** A task that records when it starts and ends, and ends on request. */
function taskOf(log: string[], name: string): { run: () => Promise<string>; end: () => void } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const run = async (): Promise<string> => {
    log.push(`${name} starts`);
    await ended;
    log.push(`${name} ends`);
    return name;
  };
  return { run, end };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('KeyedQueue', () => {
  it('runs tasks of one key in turn, also after one that failed', async () => {
    const queue = new KeyedQueue();
    const log: string[] = [];
    const [a, b] = [taskOf(log, 'a'), taskOf(log, 'b')];
    const first = queue.run('k', a.run, new Deadline(1_000));
    const failed = queue.run('k', async () => Promise.reject(new RangeError('x')), new Deadline(1_000));
    const last = queue.run('k', b.run, new Deadline(1_000));
    await turn();
    expect(log).toEqual(['a starts']);
    a.end();
    b.end();
    await expect(failed).rejects.toThrow(RangeError);
    expect(await Promise.all([first, last])).toEqual(['a', 'b']);
    expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
  });

  it('runs tasks of different keys side by side', async () => {
    const queue = new KeyedQueue();
    const log: string[] = [];
    const [a, b] = [taskOf(log, 'a'), taskOf(log, 'b')];
    const both = [queue.run('1', a.run, new Deadline(1_000)), queue.run('2', b.run, new Deadline(1_000))];
    await turn();
    expect(log).toEqual(['a starts', 'b starts']);
    a.end();
    b.end();
    await Promise.all(both);
  });

  it('lets a task go whose deadline ends, and none after it', async () => {
    const queue = new KeyedQueue();
    const log: string[] = [];
    const [a, b, c] = [taskOf(log, 'a'), taskOf(log, 'b'), taskOf(log, 'c')];
    b.end();
    c.end();
    const first = queue.run('k', a.run, new Deadline(60_000));
    const controller = new AbortController();
    const second = queue.run('k', b.run, new Deadline(60_000, controller.signal));
    const third = queue.run('k', c.run, new Deadline(60_000));
    controller.abort();
    await second;
    await turn();
    expect(log).toEqual(['a starts', 'b starts', 'b ends']);
    a.end();
    await Promise.all([first, third]);
    expect(log.slice(3)).toEqual(['a ends', 'c starts', 'c ends']);
  });

  it.each([0, 1])('keeps the caller in the stack of a rejection, after %i other tasks', async (others) => {
    const queue = new KeyedQueue();
    const waiting = Array.from({ length: others }, async () =>
      queue.run('k', async () => new Promise((resolve) => setImmediate(resolve)), new Deadline(1_000)),
    );
    async function callerOfTheQueue(): Promise<void> {
      await queue.run(
        'k',
        async () => {
          await new Promise((resolve) => setImmediate(resolve));
          throw new RangeError('x');
        },
        new Deadline(1_000),
      );
    }
    const error = await callerOfTheQueue().catch((thrown: unknown) => thrown);
    await Promise.all(waiting);
    expect((error as Error).stack).toContain('callerOfTheQueue');
  });

  it('lets the next task run when one throws at once', async () => {
    const queue = new KeyedQueue();
    const thrower = (): Promise<never> => {
      throw new RangeError('x');
    };
    await expect(queue.run('k', thrower, new Deadline(1_000))).rejects.toThrow(RangeError);
    expect(await queue.run('k', async () => 'next', new Deadline(1_000))).toBe('next');
  });
});
