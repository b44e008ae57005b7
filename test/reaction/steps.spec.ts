import { jest } from '@jest/globals';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import { currentMetadata, runWithMetadata } from '../../src/event/metadata-context.js';
import { storedStream } from '../../src/event/stream-name.js';
import type { StepScope } from '../../src/reaction/steps/durable-steps.js';
import type { Resume } from '../../src/reaction/steps/resume.js';
import { resumeWhenDue, timerResume } from '../../src/reaction/steps/timer-resume.js';
import { currentSteps, reactorWithSteps, steps, withSteps } from '../../src/reaction/steps/with-steps.js';
import { isUnrecoverable } from '../../src/reaction/unrecoverable-error.js';
import {
  inMemoryEventStore,
  type InMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import { collect, rejection, until } from '../support/collect.js';
import { context, EVENTS, happened, Ordered } from './process-harness.js';

let store: InMemoryEventStore;
let event: RecordedEvent;
/** What the steps have done, in order. */
let effects: string[];

beforeEach(async () => {
  store = inMemoryEventStore({ events: EVENTS });
  event = await happened(store, new Ordered('1'));
  effects = [];
});

async function attempt<T>(work: () => Promise<T>, scope: Partial<StepScope> = {}): Promise<T | undefined> {
  return withSteps(store, { reactor: 'ship', event, ...scope }, work);
}

/** A step that notes that it ran. */
async function step(name: string, result: unknown = name): Promise<unknown> {
  return steps.run(name, async () => {
    effects.push(name);
    return result;
  });
}

/** A step that fails. */
async function failing(name: string): Promise<unknown> {
  return steps.run(name, async () => {
    effects.push(name);
    throw new RangeError(`no ${name}`);
  });
}

async function stepsOf(names: readonly string[]): Promise<void> {
  for (const name of names) await (name.startsWith('!') ? failing(name.slice(1)) : step(name));
}

async function stored(): Promise<string[]> {
  const events = await collect(store.read(storedStream('$steps', `ship/${event.id}`)));
  return events.map(({ data }) => (data as { readonly name: string }).name);
}

class Resumed implements Resume {
  readonly calls: { readonly id: string; readonly at: Date; readonly reactor: string }[] = [];

  async resumeAt({ id }: RecordedEvent, at: Date, reactor: string): Promise<void> {
    this.calls.push({ id, at, reactor });
  }
}

describe('a step', () => {
  it('runs once; another attempt gets its result, also in another instance', async () => {
    const results: unknown[] = [];
    const work = async (): Promise<void> => {
      results.push(await step('charge', { receipt: 7, items: [1, null] }));
      results.push(await steps.run('note', () => void effects.push('note')));
    };
    await attempt(work);
    await attempt(work);
    await withSteps(store.another(), { reactor: 'ship', event }, work);
    expect(effects).toEqual(['charge', 'note']);
    expect(results).toEqual(
      Array.from({ length: 3 }, () => [{ receipt: 7, items: [1, null] }, undefined]).flat(),
    );
  });

  it('that throws is not stored, and runs again; those before it do not', async () => {
    expect(await rejection(attempt(async () => stepsOf(['charge', '!ship'])))).toMatchObject({
      message: 'no ship',
    });
    expect(await stored()).toEqual(['charge']);
    await attempt(async () => stepsOf(['charge', 'ship']));
    expect(effects).toEqual(['charge', 'ship', 'ship']);
  });

  it('belongs to its event and its reactor', async () => {
    await attempt(async () => stepsOf(['charge']));
    await attempt(async () => stepsOf(['charge']), { reactor: 'mail' });
    const other = await happened(store, new Ordered('2'), '2');
    await attempt(async () => stepsOf(['charge']), { event: other });
    expect(effects).toEqual(['charge', 'charge', 'charge']);
  });

  it('has a copy of its result, which JSON can hold', async () => {
    const given = { list: [1] };
    const got = (await attempt(async () => step('a', given))) as typeof given;
    expect(got).toEqual(given);
    expect(got).not.toBe(given);
    got.list.push(2);
    expect(await attempt(async () => step('a'))).toEqual({ list: [1] });
  });

  it.each([
    [new Date(0), /result of step a is a Date/],
    [{ n: Number.NaN }, /result of step a\.n is NaN/],
    [new Map(), /result of step a is a Map/],
  ])('whose result JSON would change (%j) is refused without another attempt', async (result, message) => {
    const error = await rejection(attempt(async () => step('a', result)));
    expect(error).toMatchObject({ code: 'unrecoverable', message: expect.stringMatching(message) });
    expect(await stored()).toEqual([]);
  });

  it('of two instances at the same time has one result for both', async () => {
    let begun = 0;
    const work = async (): Promise<unknown> =>
      steps.run('draw', async () => {
        begun += 1;
        await until('both have begun', () => begun === 2);
        return Math.random();
      });
    const results = await Promise.all([
      attempt(work),
      withSteps(store.another(), { reactor: 'ship', event }, work),
    ]);
    expect(results[0]).toBe(results[1]);
    expect(await stored()).toEqual(['draw']);
  });

  it('that is used twice in a handler is refused', async () => {
    const error = await rejection(attempt(async () => stepsOf(['a', 'a'])));
    expect(error).toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/has not used yet/),
    });
    expect(effects).toEqual(['a']);
  });

  it('does not begin when the attempt was given up', async () => {
    const given = new AbortController();
    const work = async (): Promise<void> => {
      await step('a');
      given.abort(new RangeError('lane lost'));
      await step('b');
    };
    expect(await rejection(attempt(work, { signal: given.signal }))).toMatchObject({ message: 'lane lost' });
    expect(effects).toEqual(['a']);
  });

  it('is caused by the event', async () => {
    await attempt(async () => stepsOf(['a']));
    const [first] = await collect(store.read(storedStream('$steps', `ship/${event.id}`)));
    expect(first?.metadata).toMatchObject({ correlationId: 'request-1', causationId: event.id });
  });

  it('is refused outside of a handler, and after it has returned', async () => {
    expect(() => currentSteps()).toThrow(/while a handler runs only/);
    expect(await rejection(steps.run('a', () => 1))).toMatchObject({ code: 'steps-unavailable' });
    let late: ReturnType<typeof currentSteps> | undefined;
    await attempt(async () => void (late = currentSteps()));
    expect(await rejection(late?.run('a', () => 1) as Promise<number>)).toMatchObject({
      code: 'steps-unavailable',
    });
  });

  it('can be used by the handler of a reactor, and leaves its metadata alone', async () => {
    const seen: unknown[] = [];
    const reactor = reactorWithSteps(store, {
      name: 'ship',
      maxAttempts: 2,
      handle: async ({ id }, { attempt: count }) => {
        seen.push(await step('a', { id, count }), currentMetadata());
      },
    });
    expect(reactor).toMatchObject({ name: 'ship', maxAttempts: 2 });
    await runWithMetadata({ actor: 'ada' }, async () => reactor.handle(event, context()));
    await reactor.handle(event, context({ attempt: 2 }));
    expect(seen).toEqual([{ id: event.id, count: 1 }, { actor: 'ada' }, { id: event.id, count: 1 }, {}]);
  });
});

describe('steps side by side', () => {
  it('run at the same time, and only those that are not done run again', async () => {
    let fails = true;
    const work = async (): Promise<unknown> =>
      Promise.all([step('a'), fails ? failing('b') : step('b'), step('c')]);
    expect(await rejection(attempt(work))).toMatchObject({ message: 'no b' });
    await until('the others are stored', async () => (await stored()).length === 2);
    fails = false;
    expect(await attempt(work)).toEqual(['a', 'b', 'c']);
    expect(effects).toEqual(['a', 'b', 'c', 'b']);
  });

  it('can be chains of steps, of which one was ahead when the process ended', async () => {
    let hangs = true;
    const hang = async (): Promise<void> => {
      if (hangs) await new Promise(() => undefined);
    };
    const work = async (): Promise<unknown> =>
      Promise.all([
        (async () => {
          await step('a1');
          await hang();
          await stepsOf(['a2']);
        })(),
        (async () => {
          await stepsOf(['b1', 'b2', 'b3']);
          await hang();
        })(),
      ]);
    void attempt(work);
    await until('one chain is done', async () => (await stored()).includes('b3'));
    hangs = false;
    await attempt(work);
    expect(effects.toSorted()).toEqual(['a1', 'a2', 'b1', 'b2', 'b3']);
  });
});

describe('code that has changed since its steps were stored', () => {
  const OLD = ['check', 'charge', 'ship'];

  it.each([
    ['a step that is gone, when the next one is called', ['check', 'ship', 'mail'], 'ship', ['charge']],
    ['a step with another name', ['check', 'pay', 'ship'], 'pay', ['charge', 'ship']],
    ['a new step before those that are stored', ['greet', ...OLD], 'greet', OLD],
    ['another order', ['charge', 'check', 'ship'], 'charge', ['check']],
    ['last steps that are gone', ['check'], undefined, ['charge', 'ship']],
  ])('is detected before it does anything: %s', async (_, now, called, missing) => {
    await attempt(async () => stepsOf(OLD));
    effects.length = 0;
    const error = await rejection(attempt(async () => stepsOf(now)));
    expect(error).toMatchObject({
      code: 'step-mismatch',
      reactor: 'ship',
      eventId: event.id,
      called,
      missing,
    });
    expect(isUnrecoverable(error)).toBe(true);
    expect(effects).toEqual([]);
  });

  it('is detected when a step has become a sleep', async () => {
    await attempt(async () => stepsOf(OLD));
    const work = async (): Promise<void> => {
      await steps.sleep('check', 1).catch(() => undefined);
      await stepsOf(['charge', 'ship']);
    };
    expect(await rejection(attempt(work))).toMatchObject({ called: 'check', missing: ['run check'] });
  });

  it('cannot hide it by catching the error', async () => {
    await attempt(async () => stepsOf(OLD));
    const work = async (): Promise<void> => stepsOf(['greet']).catch(() => undefined);
    expect(await rejection(attempt(work))).toMatchObject({ code: 'step-mismatch', called: 'greet' });
    const fails = async (): Promise<void> =>
      work().then(() => {
        throw new RangeError('something else');
      });
    expect(await rejection(attempt(fails))).toMatchObject({ code: 'step-mismatch', called: 'greet' });
  });

  it('is not what a step is that fails again, with stored steps after it', async () => {
    const work = async (): Promise<void> => {
      await failing('charge').catch(async () => step('remind'));
      await failing('end');
    };
    for (let count = 0; count < 2; count += 1)
      expect(await rejection(attempt(work))).toBeInstanceOf(RangeError);
    expect(effects).toEqual(['charge', 'remind', 'end', 'charge', 'end']);
  });

  it('may have new steps after those that are stored, and instead of one that was never done', async () => {
    expect(await rejection(attempt(async () => stepsOf(['check', '!charge'])))).toBeInstanceOf(RangeError);
    await attempt(async () => stepsOf(['check', 'pay', 'ship']));
    expect(effects).toEqual(['check', 'charge', 'pay', 'ship']);
  });
});

describe('a sleep', () => {
  it('of a short time is waited in place, and not again', async () => {
    const resume = new Resumed();
    const work = async (): Promise<void> => {
      await step('a');
      await steps.sleep('pause', 300);
      await step('b');
    };
    const begin = performance.now();
    await attempt(work, { resume });
    expect(performance.now() - begin).toBeGreaterThanOrEqual(295);
    expect(effects).toEqual(['a', 'b']);
    expect(await stored()).toEqual(['a', 'pause', 'b']);
    expect(resume.calls).toEqual([]);
  });

  it('ends when it would have ended without the restart', async () => {
    const work = async (): Promise<number> => {
      await steps.sleep('pause', '1s');
      return Date.now();
    };
    const [time] = await Promise.all([
      (async () => {
        await until('the sleep is stored', async () => (await stored()).length === 1);
        await new Promise((resolve) => setTimeout(resolve, 500));
        return [Date.now(), await withSteps(store.another(), { reactor: 'ship', event }, work)];
      })(),
      attempt(work),
    ]);
    expect((time[1] as number) - (time[0] as number)).toBeLessThan(900);
  });

  it('of a long time ends the attempt, and the event is brought back', async () => {
    const resume = new Resumed();
    const turns = async (count = 20): Promise<void> => {
      for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    const slowly = async (name: string, count?: number): Promise<void> =>
      steps.run(name, async () => {
        await turns(count);
        effects.push(name);
      });
    const chain = async (names: readonly string[]): Promise<void> => {
      for (const name of names) await slowly(name);
    };
    const work = async (others: readonly string[]): Promise<void> => {
      await step('a');
      const sleeps = [steps.sleep('hours', '2h'), steps.sleep('days', '3 days')];
      await Promise.all([...sleeps, step('b'), chain(others), others.length > 0 && slowly('e', 200)]);
      effects.push('end');
    };
    expect(await attempt(async () => work([]), { resume })).toBeUndefined();
    expect(effects).toEqual(['a', 'b']);
    const [call] = resume.calls;
    expect(call).toMatchObject({ id: event.id, reactor: 'ship' });
    const hours = ((call?.at.getTime() ?? 0) - Date.now()) / 3_600_000;
    expect(Math.round(hours * 10)).toBe(20);
    // brought back too early: it waits until the same time, and begins no step after that
    expect(await attempt(async () => work(['c', 'd']), { resume })).toBeUndefined();
    expect(resume.calls[1]?.at).toEqual(call?.at);
    expect(effects).toEqual(['a', 'b', 'c', 'e']);
    expect(await stored()).toContain('c');
    await turns();
    expect(effects).toEqual(['a', 'b', 'c', 'e']);
  });

  it('goes on after its time', async () => {
    const resume = new Resumed();
    const work = async (): Promise<void> => {
      await steps.sleep('days', 6_000);
      await step('b');
    };
    await attempt(work, { resume });
    expect(effects).toEqual([]);
    jest.useFakeTimers({
      now: Date.now() + 6_001,
      doNotFake: ['setTimeout', 'setImmediate', 'nextTick', 'performance'],
    });
    try {
      await attempt(work, { resume });
    } finally {
      jest.useRealTimers();
    }
    expect(effects).toEqual(['b']);
    expect(resume.calls).toHaveLength(1);
  });

  it('is over when a timer says so, though the clock of this process is late', async () => {
    const resume = timerResume({ schedule: async (command) => resumeWhenDue(store, command) });
    const work = async (): Promise<void> => {
      await steps.sleep('days', '3 days');
      await step('b');
      await steps.sleep('more days', '5 days');
      await step('c');
    };
    // the fake timer is due at once
    await attempt(work, { resume });
    expect(effects).toEqual([]);
    await attempt(work, { resume });
    expect(effects).toEqual(['b']);
    await attempt(work, { resume });
    expect(effects).toEqual(['b', 'c']);
  });

  it('of a long time is refused where there are no timers', async () => {
    const work = async (): Promise<void> => steps.sleep('days', '3 days');
    expect(await rejection(attempt(work))).toMatchObject({ code: 'invalid-option', option: 'time' });
    expect(await stored()).toEqual([]);
  });
});
