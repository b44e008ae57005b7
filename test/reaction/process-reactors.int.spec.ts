import type { StoredCommandData } from '../../src/event/own-event-types.js';
import { defineProcessManager } from '../../src/reaction/process/define-process-manager.js';
import { processReactors } from '../../src/reaction/process/process-reactors.js';
import { defineReactor } from '../../src/reaction/reactor/define-reactor.js';
import { reactorWithSteps, steps } from '../../src/reaction/steps/with-steps.js';
import type { Position } from '../../src/event/position.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, until } from '../support/collect.js';
import {
  Added,
  Confirmed,
  EVENTS,
  fulfilment,
  Ordered,
  Paid,
  ParcelSent,
  SentOutputs,
} from './process-harness.js';
import { startReactors, stopReactors } from './reactor-service.js';

afterEach(stopReactors);

describe('process managers that reactors run', () => {
  it('lead from event to command to event until the workflow ends, over two instances', async () => {
    const name = uniqueStoreName();
    const [store, other] = [
      await openStore({ name, events: EVENTS }),
      await openStore({ name, events: EVENTS }),
    ];
    const sent = new SentOutputs();
    // the commands lead to the events that the process waits for
    const execute = async (command: StoredCommandData, { id }: { readonly id: string }): Promise<void> => {
      sent.executed.push({ ...command, id });
      const { order } = command.data as { readonly order: string };
      const done = command.name === 'Charge' ? new Paid(order) : new ParcelSent(order);
      await store.append(`order/${order}`, [done], { commandId: id });
    };
    const ports = { execute, timers: sent, outputs: { lanes: 2 } };
    const manager = { ...fulfilment, lanes: 2 };
    for (const own of [store, other])
      await startReactors(own, processReactors(own, [manager], ports), { service: name });
    for (const order of ['1', '2', '3', 'no']) await store.append(`order/${order}`, [new Ordered(order, 7)]);

    const ended = async (): Promise<number> => {
      let count = 0;
      for await (const { data } of store.readAll({ categories: ['$process'] }))
        count += Number((data as { readonly ended?: boolean }).ended ?? false);
      return count;
    };
    await until('all three have ended', async () => (await ended()) === 3, 30_000);
    // at least once; what is repeated when a lane moves has the same id
    expect(new Set(sent.executed.map(({ id }) => id)).size).toBe(6);
    for (const order of ['1', '2', '3']) {
      const types = (await collect(store.read(`order/${order}`))).map(({ type }) => type);
      expect(types).toEqual(['Ordered', 'Paid', 'ParcelSent']);
    }
    const published = await collect(store.readAll({ categories: ['$bus'] }));
    expect(published.map(({ data }) => (data as Confirmed).order).toSorted()).toEqual(['1', '2', '3']);
  }, 60_000);

  it('keep an input that is refused: it is tried again, parked, and handled when it is redriven', async () => {
    const store = await openStore({ events: EVENTS });
    let isOpen = false;
    let attempts = 0;
    const manager = defineProcessManager({
      name: 'strict',
      events: [Added],
      correlate: ({ data }) => data.to,
      initial: () => ({ sum: 0 }),
      react: ({ sum }, { data }) => {
        attempts += 1;
        if (data.n === 2 && !isOpen) throw new RangeError('no 2');
        return { sum: sum + data.n };
      },
      maxAttempts: 3,
      backoffMs: [10],
    });
    const sent = new SentOutputs();
    const reactors = await startReactors(store, processReactors(store, [manager], sent));
    for (const n of [1, 2, 3]) await store.append('order/1', [Added.create({ to: 'a', n })]);
    const sum = async (): Promise<unknown> => {
      let last: unknown;
      for await (const { data } of store.readAll({ categories: ['$process'] }))
        last = (data as { state: unknown }).state;
      return last;
    };
    await until('the others are handled', async () => JSON.stringify(await sum()) === '{"sum":4}', 30_000);
    expect(attempts).toBe(5);
    const [parked] = await reactors.parked();
    expect(parked).toMatchObject({ reactor: 'strict', attempts: 3, error: { message: 'no 2' } });
    isOpen = true;
    await reactors.redrive('all');
    await until('it is handled', async () => JSON.stringify(await sum()) === '{"sum":6}', 30_000);
  }, 60_000);
});

describe('steps in a reactor', () => {
  it('are kept over attempts, and changed code parks the event at once', async () => {
    const store = await openStore({ events: EVENTS });
    const effects: string[] = [];
    const step = async (name: string): Promise<unknown> => steps.run(name, () => effects.push(name));
    let fails = true;
    let changed = 'ship';
    const ship = defineReactor({
      name: 'ship',
      events: [Ordered],
      maxAttempts: 3,
      backoffMs: [10],
      handle: async ({ data }) => {
        const isChanged = (data as Ordered).order === '2';
        await step('charge');
        await step(isChanged ? changed : 'ship');
        if (isChanged) {
          changed = 'send';
          throw new RangeError('changed');
        }
        if (fails) {
          fails = false;
          throw new RangeError('later');
        }
        effects.push('end');
      },
    });
    const reactors = await startReactors(store, [reactorWithSteps(store, ship)]);
    await store.append('order/1', [new Ordered('1')]);
    const { position } = await store.append('order/2', [new Ordered('2')]);
    await reactors.waitUntilHandled(position as Position);
    await until(
      'both have ended',
      async () => (await reactors.parked()).length === 1 && effects.includes('end'),
      30_000,
    );
    expect(effects.toSorted()).toEqual(['charge', 'charge', 'end', 'ship', 'ship']);
    const [parked] = await reactors.parked();
    expect(parked).toMatchObject({ attempts: 2, error: { name: 'StepMismatchError' } });
  }, 60_000);
});
