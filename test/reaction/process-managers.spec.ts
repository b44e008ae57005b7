import { Event } from '../../src/event/event-type.js';
import { withMetadata } from '../../src/event/event-with-metadata.js';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import { currentMetadata } from '../../src/event/metadata-context.js';
import { defineProcessManager } from '../../src/reaction/process/define-process-manager.js';
import type { ProcessManager } from '../../src/reaction/process/process-manager.js';
import type { Process } from '../../src/reaction/process/process.js';
import { processReactors } from '../../src/reaction/process/process-reactors.js';
import {
  inMemoryEventStore,
  type InMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import { rejection } from '../support/collect.js';
import {
  Added,
  Confirmed,
  context,
  EVENTS,
  type Fulfilment,
  fulfilment,
  happened,
  Ordered,
  Paid,
  ParcelSent,
  ProcessService,
  SentOutputs,
  sum,
} from './process-harness.js';

let store: InMemoryEventStore;
let service: ProcessService;

beforeEach(() => {
  store = inMemoryEventStore({ events: EVENTS });
  service = new ProcessService(store, [fulfilment]);
});

const typesOf = async (process: string): Promise<string[]> =>
  (await service.stored(process)).map(({ type }) => type);

/** A process manager of `Ordered` events that does what it is told. */
function managerThat(react: (process: Process, state: { n: number }) => unknown): ProcessManager {
  return defineProcessManager({
    name: 'told',
    events: [Ordered],
    correlate: ({ data }) => data.order,
    initial: () => ({ n: 0 }),
    react: (state, _, process) => react(process, state) as { n: number } | undefined,
  }) as ProcessManager;
}

async function told(react: Parameters<typeof managerThat>[0]): Promise<unknown> {
  service = new ProcessService(store, [managerThat(react)]);
  return rejection(service.handle(await happened(store, new Ordered('1'))));
}

describe('an input of a process', () => {
  it('is stored in one commit: the outputs, then the state', async () => {
    const input = await happened(store, new Ordered('1', 40));
    await service.handle(input);
    const stored = await service.stored('fulfilment/1');
    expect(stored.map(({ type, data }) => ({ type, data }))).toEqual([
      { type: '$command', data: { name: 'Charge', data: { order: '1', amount: 40 } } },
      {
        type: '$processTimer',
        data: {
          id: 'fulfilment/1/unpaid',
          at: '1970-01-01T00:00:05.000Z',
          command: { name: 'Cancel', data: { order: '1' } },
        },
      },
      {
        type: '$processInput',
        data: {
          input: { id: input.id, type: 'Ordered', position: input.position },
          state: { amount: 40, isPaid: false },
          ended: false,
        },
      },
    ]);
    expect(new Set(stored.map(({ id }) => id.split('/')[0])).size).toBe(1);
    expect(stored[0]?.metadata).toMatchObject({ correlationId: 'request-1', causationId: input.id });
    expect(service.sent.executed).toEqual([]);
  });

  it('goes on from the state of the last commit', async () => {
    await service.handle(await happened(store, new Ordered('1', 40)));
    await service.handle(await happened(store, new Paid('1')));
    expect(await service.state('fulfilment/1')).toEqual({ amount: 40, isPaid: true });
  });

  it('changes nothing when it comes again, at once or later, to this instance or another', async () => {
    const [ordered, paid] = [await happened(store, new Ordered('1')), await happened(store, new Paid('1'))];
    for (const event of [ordered, ordered, paid, ordered, paid]) await service.handle(event);
    await new ProcessService(store.another(), [fulfilment]).handle(ordered);
    expect((await typesOf('fulfilment/1')).filter((type) => type === '$processInput')).toHaveLength(2);
    expect(await service.state('fulfilment/1')).toEqual({ amount: 1, isPaid: true });
  });

  it('that was handled is not given to react again, which would refuse it by now', async () => {
    let calls = 0;
    service = new ProcessService(store, [managerThat(() => void (calls += 1))]);
    const [first, second] = [
      await happened(store, new Ordered('1')),
      await happened(store, new Ordered('1')),
    ];
    for (const event of [first, second, first]) await service.handle(event);
    expect(calls).toBe(2);
  });

  it('reaches the process that correlate names, and none for null', async () => {
    await service.handle(await happened(store, new Ordered('1', 10)));
    await service.handle(await happened(store, new Ordered('a/b c', 20)));
    await service.handle(await happened(store, new Ordered('no')));
    expect(await service.state('fulfilment/1')).toMatchObject({ amount: 10 });
    expect(await service.state('fulfilment/a/b c')).toMatchObject({ amount: 20 });
    expect(await service.stored('fulfilment/no')).toEqual([]);
  });

  it('is ignored when the process has ended', async () => {
    for (const event of [new Ordered('1'), new ParcelSent('1'), new Paid('1'), new Ordered('1', 9)])
      await service.handle(await happened(store, event));
    expect(await service.state('fulfilment/1')).toEqual({ amount: 1, isPaid: false });
    expect(await typesOf('fulfilment/1')).toEqual([
      '$command',
      '$processTimer',
      '$processInput',
      '$processInput',
    ]);
  });

  it('that react refuses stores nothing, and can be tried again', async () => {
    let isOpen = false;
    const react = (process: Process): unknown => {
      process.send({ name: 'Charge', data: {} });
      if (!isOpen) throw new RangeError('closed');
      return { n: 1 };
    };
    service = new ProcessService(store, [managerThat(react)]);
    const input = await happened(store, new Ordered('1'));
    expect(await rejection(service.handle(input))).toMatchObject({ message: 'closed' });
    expect(await service.stored('told/1')).toEqual([]);
    isOpen = true;
    await service.handle(input);
    expect(await service.state('told/1')).toEqual({ n: 1 });
  });

  it('keeps the state when react returns nothing, and awaits what it promises', async () => {
    const react = async (_: Process, { n }: { n: number }): Promise<unknown> =>
      n === 0 ? Promise.resolve({ n: 5 }) : undefined;
    service = new ProcessService(store, [managerThat(react)]);
    for (let count = 0; count < 2; count += 1) await service.handle(await happened(store, new Ordered('1')));
    expect(await service.state('told/1')).toEqual({ n: 5 });
  });

  it('is not lost when two instances handle inputs of one process at the same time', async () => {
    const services = [store, store.another(), store.another()].map((own) => new ProcessService(own, [sum]));
    const inputs = [];
    for (let n = 1; n <= 30; n += 1)
      inputs.push(await happened(store, Added.create({ to: 'a', n }), `o${n}`));
    // each comes to two of them
    await Promise.all(
      inputs.flatMap((input, index) =>
        [0, 1].map(async (shift) => services[(index + shift) % 3]?.handle(input)),
      ),
    );
    expect(await services[0]?.state('sum/a')).toEqual({ sum: 465 });
  });

  it.each([
    ['a state that JSON would change', () => ({ n: new Date(0) }), /the state of told\.n is a Date/],
    [
      'a state that is changed in place',
      (_: Process, state: { n: number }) => void (state.n += 1),
      /read only/,
    ],
    ['a command that is no object', (process: Process) => process.send('Charge' as never), /command must be/],
    [
      'a command of a class without an encoder',
      (process: Process) => process.send(new Paid('1')),
      /plain { name/,
    ],
    [
      'an event that is not registered',
      (process: Process) => process.publish(new (class New {})()),
      /New is not/,
    ],
    [
      'a timer without a time',
      (process: Process) => process.schedule('t', { name: 'C' }, {} as never),
      /`in` is not/,
    ],
    [
      'a timer with a time in words',
      (process: Process) => process.schedule('t', { name: 'C' }, { in: 'soon' }),
      /'3 days'/,
    ],
    ['a timer without an id', (process: Process) => process.cancel(''), /id must be/],
  ])('is refused with its fault for %s, and stores nothing', async (_, react, message) => {
    expect(await told(react as never)).toMatchObject({ message: expect.stringMatching(message) });
    expect(await service.stored('told/1')).toEqual([]);
  });

  it('is refused for a timer where there are no timers', async () => {
    const reactors = processReactors(store, [fulfilment], { execute: async () => undefined });
    const input = await happened(store, new Ordered('1'));
    expect(await rejection(Promise.resolve(reactors[0]?.handle(input, context())))).toMatchObject({
      message: expect.stringContaining('one of them uses timer unpaid'),
    });
  });

  it('cannot make outputs after react has returned', async () => {
    let late: Process | undefined;
    service = new ProcessService(store, [managerThat((process) => void (late = process))]);
    await service.handle(await happened(store, new Ordered('1')));
    expect(() => late?.send({ name: 'Charge', data: {} })).toThrow(/after its react has returned/);
    expect(() => late?.end()).toThrow(/after its react has returned/);
  });

  it('is refused when correlate returns no id', async () => {
    const manager = { ...fulfilment, correlate: () => '' };
    service = new ProcessService(store, [manager]);
    expect(await rejection(service.handle(await happened(store, new Ordered('1'))))).toMatchObject({
      message: expect.stringContaining('correlate of fulfilment must be'),
    });
  });
});

describe('the outputs of a process', () => {
  it('are sent by kind: commands, published events, timers', async () => {
    for (const event of [new Ordered('1', 40), new Paid('1')])
      await service.handle(await happened(store, event));
    await service.sendAll('fulfilment/1');
    const [charge, timer, , cancel, ship, published] = (await service.stored('fulfilment/1')).map(
      ({ id }) => id,
    );
    expect(cancel).toBeDefined();
    expect(service.sent.executed).toEqual([
      { id: charge, name: 'Charge', data: { order: '1', amount: 40 } },
      { id: ship, name: 'Ship', data: { order: '1' } },
    ]);
    expect(await service.published()).toMatchObject([
      { data: new Confirmed('1'), metadata: { commandId: published, correlationId: 'request-1' } },
    ]);
    expect(service.sent.timed).toEqual([
      {
        command: { name: 'Cancel', data: { order: '1' } },
        id: 'fulfilment/1/unpaid',
        at: new Date(5_000),
        commandId: timer,
      },
      { cancel: 'fulfilment/1/unpaid' },
    ]);
  });

  it('are sent later with the same ids when the service crashed after storing them', async () => {
    await service.handle(await happened(store, new Ordered('1')));
    const [first, second] = [new ProcessService(store.another(), [fulfilment]), service];
    first.sent.before = () => {
      throw new Error('crashed');
    };
    expect(await rejection(first.sendAll('fulfilment/1'))).toMatchObject({ message: 'crashed' });
    await second.sendAll('fulfilment/1');
    await second.sendAll('fulfilment/1', { attempt: 2 });
    // at least once: a receiver drops repetitions by the id
    expect(second.sent.executed).toHaveLength(2);
    expect(new Set(second.sent.executed.map(({ id }) => id)).size).toBe(1);
  });

  it('carry the correlation of the input, and are caused by the output', async () => {
    await service.handle(await happened(store, new Ordered('1')));
    const seen: unknown[] = [];
    service.sent.before = (_, given) =>
      seen.push({ ...currentMetadata(), ...given.process, attempt: given.attempt });
    await service.sendAll('fulfilment/1', { attempt: 3 });
    expect(seen).toEqual([
      {
        correlationId: 'request-1',
        causationId: service.sent.executed[0]?.id,
        manager: 'fulfilment',
        id: '1',
        attempt: 3,
      },
    ]);
  });

  it('are encoded by what the caller gives', async () => {
    class Charge {
      constructor(readonly amount: number) {}
    }
    const sent = new SentOutputs();
    sent.commands = {
      encode: (command: object) => ({ name: command.constructor.name, data: { ...command } }),
    };
    service = new ProcessService(store, [managerThat((process) => process.send(new Charge(7)))], sent);
    await service.handle(await happened(store, new Ordered('1')));
    await service.sendAll('told/1');
    expect(sent.executed).toMatchObject([{ name: 'Charge', data: { amount: 7 } }]);
  });

  it('are upcast when a newer release sends what an older one has stored', async () => {
    @Event('Confirmed', { version: 2, upcasts: { 1: (data: object) => ({ ...data, isNew: true }) } })
    class ConfirmedNow {
      constructor(
        readonly order: string,
        readonly isNew: boolean,
      ) {}
    }
    for (const event of [new Ordered('1'), new Paid('1')]) await service.handle(await happened(store, event));
    const newer = store.another({ events: [Ordered, Paid, ParcelSent, Added, ConfirmedNow] });
    const released = new ProcessService(newer, [fulfilment]);
    await released.sendAll('fulfilment/1');
    expect(await released.published()).toMatchObject([{ data: new ConfirmedNow('1', true) }]);
  });

  it('keep the metadata of an event', async () => {
    const publish = (process: Process): void =>
      process.publish(withMetadata(new Confirmed('1'), { actor: 'ada' }));
    service = new ProcessService(store, [managerThat(publish)]);
    await service.handle(await happened(store, new Ordered('1')));
    await service.sendAll('told/1');
    expect(await service.published()).toMatchObject([
      { data: new Confirmed('1'), metadata: { actor: 'ada' } },
    ]);
  });

  it('of process managers of another service are left to it', async () => {
    await service.handle(await happened(store, new Ordered('1')));
    const other = new ProcessService(store.another(), [sum]);
    await other.sendAll('fulfilment/1');
    expect(other.sent).toMatchObject({ executed: [], timed: [] });
  });

  it('count timers with `in` from the handling of the input', async () => {
    const schedule = (process: Process): void => process.schedule('t', { name: 'C' }, { in: '2h' });
    service = new ProcessService(store, [managerThat(schedule)]);
    const before = Date.now();
    await service.handle(await happened(store, new Ordered('1')));
    const [timer] = await service.stored('told/1');
    const at = Date.parse((timer as RecordedEvent<{ at: string }>).data.at) - 7_200_000;
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
  });

  it('that are inputs again end with the end of the workflow', async () => {
    const countdown = defineProcessManager({
      name: 'countdown',
      events: [Added],
      correlate: ({ data }) => data.to,
      initial: () => ({ seen: 0 }),
      react: ({ seen }, { data }, process) => {
        process.publish(Added.create({ to: data.to, n: data.n - 1 }));
        if (seen === 4) process.end();
        return { seen: seen + 1 };
      },
    });
    service = new ProcessService(store, [countdown]);
    await service.handle(await happened(store, Added.create({ to: 'a', n: 10 })));
    let handled = 0;
    for (let round = 0; round < 20; round += 1) {
      await service.sendAll('countdown/a');
      const published = await service.published();
      for (const input of published.slice(handled)) await service.handle(input);
      handled = published.length;
    }
    expect(handled).toBe(5);
    expect(await service.state('countdown/a')).toEqual({ seen: 5 });
    expect((await service.stored('countdown/a')).filter(({ type }) => type === '$processEvent')).toHaveLength(
      5,
    );
  });
});

describe('the reactors of process managers', () => {
  it('are one for the inputs of each, with its options, and one for the outputs of all', () => {
    const manager = { ...sum, maxAttempts: 9, lanes: 4, from: 'beginning' as const };
    const reactors = processReactors(store, [fulfilment, manager], {
      execute: async () => undefined,
      outputs: { maxAttempts: 20 },
    });
    expect(reactors).toMatchObject([
      { name: 'fulfilment', events: [Ordered, Paid, ParcelSent] },
      { name: 'sum', events: [Added], maxAttempts: 9, lanes: 4, from: 'beginning' },
      { name: 'process-outputs', categories: ['$process'], maxAttempts: 20, from: 'beginning' },
    ]);
    expect(processReactors(store, [], { execute: async () => undefined })).toEqual([]);
  });

  it('refuse two process managers of one name, and the name of the outputs', () => {
    const ports = { execute: async (): Promise<void> => undefined };
    expect(() => processReactors(store, [sum, sum], ports)).toThrow(/no other process manager/);
    const taken = { ...sum, name: 'process-outputs' };
    expect(() => processReactors(store, [taken], ports)).toThrow(/no other process manager/);
  });

  it.each([
    [{ name: 'a b' }, /name must be/],
    [{ events: [] }, /events must be/],
    [{ react: undefined }, /react must be a function/],
    [{ retries: 3 }, /retries must be one of/],
  ])('refuse a definition with %j', (change, message) => {
    const options = { ...fulfilment, ...change } as ProcessManager<Fulfilment>;
    expect(() => defineProcessManager(options)).toThrow(message);
  });
});
