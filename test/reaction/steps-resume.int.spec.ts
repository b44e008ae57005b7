import { defineReactor } from '../../src/reaction/reactor/define-reactor.js';
import { resumeReactor } from '../../src/reaction/steps/resume-reactor.js';
import { resumeWhenDue, timerResume } from '../../src/reaction/steps/timer-resume.js';
import { reactorWithSteps, steps } from '../../src/reaction/steps/with-steps.js';
import { openTimers } from '../../src/reaction/timers/open-timers.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { until } from '../support/collect.js';
import { EVENTS, Ordered } from './process-harness.js';
import { QUIET, startReactors, stopReactors } from './reactor-service.js';

const LONG_MS = 8_000;

afterEach(stopReactors);

describe('a sleep that is too long for an attempt', () => {
  it('holds up nothing, and goes on in another instance after its time, with attempts and parking', async () => {
    const name = uniqueStoreName();
    const effects: string[] = [];
    let fails = true;
    /** One instance of the service. */
    const start = async (store: JetStreamEventStore) => {
      const timers = await openTimers(store, {
        onDue: async ({ command }) => resumeWhenDue(store, command),
        logger: QUIET,
      });
      const ship = defineReactor({
        name: 'ship',
        events: [Ordered],
        handle: async ({ data }) => {
          const { order } = data as Ordered;
          await steps.run('charge', () => effects.push(`charge ${order}`));
          if (order === '1') await steps.sleep('cooling-off', LONG_MS);
          if (order === '1' && fails) {
            fails = false;
            throw new RangeError('not yet');
          }
          await steps.run('ship', () => effects.push(`ship ${order}`));
        },
      });
      const own = reactorWithSteps(store, ship, { resume: timerResume(timers) });
      const reactors = await startReactors(store, [own, resumeReactor(store, [own], { backoffMs: [10] })]);
      await timers.start();
      return { timers, reactors };
    };
    const first = await openStore({ name, events: EVENTS });
    const { timers, reactors } = await start(first);
    const begin = Date.now();
    await first.append('order/1', [new Ordered('1')]);
    await first.append('order/1', [new Ordered('2')]);
    await until('the second is handled', () => effects.includes('ship 2'), 30_000);
    expect(effects).toEqual(['charge 1', 'charge 2', 'ship 2']);
    await Promise.all([timers.stop(), reactors.stop()]);
    const second = await start(await openStore({ name, events: EVENTS }));
    await until('the first goes on', () => effects.length === 4, 60_000);
    expect(Date.now() - begin).toBeGreaterThanOrEqual(LONG_MS);
    expect(effects).toEqual(['charge 1', 'charge 2', 'ship 2', 'ship 1']);
    expect(fails).toBe(false);
    await second.timers.stop();
  }, 120_000);
});
