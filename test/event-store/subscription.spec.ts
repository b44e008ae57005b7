import { EventRegistry } from '../../src/event/event-registry.js';
import type { SubscribeOptions } from '../../src/event-store/replay/subscribe-options.js';
import { type SubscribedStore, Subscription } from '../../src/event-store/replay/subscription.js';
import { NatsError } from '../../src/jetstream/connection/connection-errors.js';
import { commitOf } from '../event/stored-commit.js';
import { rejection, until } from '../support/collect.js';
import { Counted } from '../support/order-events.js';

function commitAt(sequence: number): ReturnType<typeof commitOf> {
  const events = [{ type: 'Counted', schemaVersion: 1, data: { n: sequence } }];
  return { ...commitOf(events), commitId: `commit-${sequence}`, sequence };
}

interface Batch {
  readonly commits: ReturnType<typeof commitOf>[];
  readonly caughtUp: boolean;
  readonly pending: number;
}

/** A log whose consumer is recreated after its first commit, with predefined answers of its leader. */
class Recovering implements SubscribedStore {
  readonly name = 'shop';
  readonly registry = new EventRegistry([Counted]);
  asked = 0;
  readonly #answers: (number | Error)[];

  /** @param answers Answers of the leader to each request for the end of the log. */
  constructor(answers: (number | Error)[]) {
    this.#answers = answers;
  }

  async *follow({ onRecovery }: Parameters<SubscribedStore['follow']>[0]): AsyncGenerator<Batch, void, void> {
    yield { commits: [commitAt(1)], caughtUp: false, pending: 1 };
    onRecovery?.('the connection was renewed');
    yield { commits: [commitAt(2)], caughtUp: true, pending: 0 };
  }

  lastSequence(): Promise<number> {
    this.asked += 1;
    const answer = this.#answers.shift() ?? 2;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }

  commitAt(sequence: number): Promise<ReturnType<typeof commitOf>> {
    return Promise.resolve(commitAt(sequence));
  }
}

describe('a subscription whose consumer was recreated', () => {
  it('waits until the leader confirms that it is the same log, and reports why it waits', async () => {
    const store = new Recovering([new NatsError('no answer came'), new NatsError('no answer came')]);
    const found: number[] = [];
    const reasons: string[] = [];
    const subscription = new Subscription(store, {
      onEvent: ({ data }) => void found.push((data as Counted).n),
      onRecovery: (reason) => void reasons.push(reason),
    });
    await subscription.closed;
    expect(found).toEqual([1, 2]);
    expect(store.asked).toBe(3);
    expect(reasons).toEqual(['the connection was renewed', 'no answer came', 'no answer came']);
  });

  it('can be stopped while it waits', async () => {
    const store = new Recovering(Array.from({ length: 1_000 }, () => new NatsError('no answer came')));
    const found: number[] = [];
    const subscription = new Subscription(store, {
      onEvent: ({ data }) => void found.push((data as Counted).n),
      onRecovery: () => {
        if (store.asked === 2) void subscription.stop();
      },
    });
    await subscription.closed;
    expect(found).toEqual([1]);
  });

  it('ends when the leader reports another log', async () => {
    const subscription = new Subscription(new Recovering([0]), { onEvent: () => undefined });
    expect(await rejection(subscription.closed)).toMatchObject({ code: 'store-not-found' });
  });
});

describe('a subscription that ends by itself', () => {
  const failing = (): void => {
    throw new TypeError('the handler failed');
  };

  async function warningsDuring(work: () => Promise<unknown>): Promise<string[]> {
    const warnings: string[] = [];
    const emit = process.emitWarning.bind(process);
    process.emitWarning = (warning: string | Error) => void warnings.push(String(warning));
    await work();
    process.emitWarning = emit;
    return warnings;
  }

  /** Not by `closed`, which would say that somebody looks at it. */
  async function endOf(options: Partial<SubscribeOptions>): Promise<void> {
    let isCalled = false;
    const onEvent = (): void => {
      isCalled = true;
      failing();
    };
    const subscription = new Subscription(new Recovering([]), { onEvent, ...options });
    await until('the handler is called', () => isCalled);
    await subscription.stop();
  }

  it('is a process warning when nobody is to be told', async () => {
    const warnings = await warningsDuring(async () => endOf({}));
    expect(warnings).toEqual([expect.stringContaining('the handler failed')]);
  });

  it('is told to onError, or to who looks at closed', async () => {
    const told: unknown[] = [];
    const warnings = await warningsDuring(async () => {
      await endOf({ onError: (error) => void told.push(error) });
      await rejection(new Subscription(new Recovering([]), { onEvent: failing }).closed);
    });
    expect(told).toEqual([new TypeError('the handler failed')]);
    expect(warnings).toEqual([]);
  });

  it('does not end at an observer that throws', async () => {
    const found: number[] = [];
    const warnings = await warningsDuring(async () => {
      const subscription = new Subscription(new Recovering([]), {
        onEvent: ({ data }) => void found.push((data as Counted).n),
        onRecovery: failing,
      });
      await subscription.closed;
    });
    expect(found).toEqual([1, 2]);
    expect(warnings).toEqual(['onRecovery failed: the handler failed']);
  });

  it('tells of a handler that does not return, and stops without it', async () => {
    const told: Error[] = [];
    const subscription = new Subscription(new Recovering([]), {
      onEvent: async () => new Promise(() => undefined),
      onError: (error) => void told.push(error),
      stuckAfterMs: 10,
      stopTimeoutMs: 10,
    });
    await until('it is told', () => told.length > 0);
    await subscription.stop();
    expect(told).toMatchObject([{ code: 'subscription-stuck' }, { code: 'subscription-stuck' }]);
  });

  it.each([
    ['categories', { categories: [] }],
    ['types', { types: [] }],
  ])('is refused with an empty list of %s', (option, options) => {
    const subscribe = (): unknown =>
      new Subscription(new Recovering([]), { ...options, onEvent: () => undefined });
    expect(subscribe).toThrow(expect.objectContaining({ code: 'invalid-option', option }) as Error);
  });
});
