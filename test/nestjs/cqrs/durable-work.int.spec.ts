import { Injectable } from '@nestjs/common';
import { CommandBus, CommandHandler, EventBus, EventsHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Event, EventStore, type Process, Reactors, type RecordedEvent, steps } from 'jetsource';
import { CommandTimers, ProcessManager, Reactor, ReactorsHealthIndicator } from 'jetsource/cqrs';
import { On } from 'jetsource/nestjs';
import { untilHandled } from 'jetsource/testing';
import { rejection, until } from '../../support/collect.js';
import { closeBusApps, startBusApp } from './bus-app.js';

@Event('OrderPlaced')
class OrderPlaced {
  constructor(
    readonly order: string,
    readonly amount: number,
  ) {}
}

@Event('CardCharged')
class CardCharged {
  constructor(readonly order: string) {}
}

class Charge {
  constructor(
    readonly order: string,
    readonly amount: number,
  ) {}
}

class Remind {
  constructor(readonly order: string) {}
}

@Injectable()
class Calls {
  readonly made: string[] = [];
  failures = 0;
  hang: Promise<void> = Promise.resolve();
}

@CommandHandler(Charge)
class ChargeHandler implements ICommandHandler<Charge> {
  constructor(
    private readonly calls: Calls,
    private readonly bus: EventBus,
  ) {}

  async execute(command: Charge): Promise<void> {
    this.calls.made.push(`charge ${command.order} ${command.amount} ${command instanceof Charge}`);
    await this.bus.publish(new CardCharged(command.order));
  }
}

@CommandHandler(Remind)
class RemindHandler implements ICommandHandler<Remind> {
  constructor(private readonly calls: Calls) {}

  async execute({ order }: Remind): Promise<void> {
    if ((this.calls.failures -= 1) >= 0) throw new TypeError('no reminder today');
    this.calls.made.push(`remind ${order}`);
  }
}

interface Payment {
  readonly charged: readonly string[];
}

@ProcessManager({
  name: 'payment',
  correlate: ({ data }: RecordedEvent<OrderPlaced | CardCharged>) => data.order,
  initial: (): Payment => ({ charged: [] }),
})
class PaymentProcess {
  constructor(private readonly calls: Calls) {}

  @On(OrderPlaced)
  placed({ data }: RecordedEvent<OrderPlaced>, _state: Payment, process: Process): void {
    process.send(new Charge(data.order, data.amount));
    process.schedule('remind', new Remind(data.order), { in: '3 days' });
  }

  @On(CardCharged)
  charged({ data }: RecordedEvent<CardCharged>, _state: Payment, process: Process): void {
    this.calls.made.push(`paid ${data.order}`);
    process.cancel('remind');
    process.end();
  }
}

@Reactor({ name: 'ship' })
@EventsHandler(OrderPlaced)
class Ship {
  constructor(private readonly calls: Calls) {}

  async handle({ order }: OrderPlaced): Promise<void> {
    await steps.run('label', async () => void this.calls.made.push(`label ${order}`));
    if ((this.calls.failures -= 1) >= 0) throw new TypeError('no parcel today');
    await steps.run('parcel', async () => void this.calls.made.push(`parcel ${order}`));
    await this.calls.hang;
  }
}

const events = [OrderPlaced, CardCharged];

afterEach(closeBusApps);

describe('an application', () => {
  it('runs a process manager: its commands are executed, its timers wait, it ends', async () => {
    const { app } = await startBusApp(
      { events, timers: true },
      { providers: [Calls, ChargeHandler, RemindHandler, PaymentProcess] },
    );
    await app.get(EventBus).publish(new OrderPlaced('42', 10));
    const { made } = app.get(Calls);
    await until('the process ends', () => made.length === 2);
    expect(made).toEqual(['charge 42 10 true', 'paid 42']);
    await untilHandled(app.get(EventStore), app.get(Reactors));
    // the events of an ended process lead to nothing
    await app.get(EventBus).publish(new CardCharged('42'));
    await untilHandled(app.get(EventStore), app.get(Reactors));
    expect(made).toHaveLength(2);
  });

  it('executes a command at its time, and tries it again', async () => {
    const { app } = await startBusApp({ events, timers: true }, { providers: [Calls, RemindHandler] });
    app.get(Calls).failures = 1;
    const timers = app.get(CommandTimers);
    await timers.schedule(new Remind('42'), { in: 50, id: 'remind/42' });
    await timers.schedule(new Remind('43'), { in: '1 hour', id: 'remind/43' });
    expect(await timers.find('remind/43')).toMatchObject({
      command: { name: 'Remind', data: { order: '43' } },
    });
    expect(await timers.cancel('remind/43')).toBe(true);
    const { made } = app.get(Calls);
    await until('it is executed', () => made.length > 0);
    expect(made).toEqual(['remind 42']);
  });

  it('executes after a restart what was scheduled before', async () => {
    const first = await startBusApp({ events, timers: true }, { providers: [Calls, RemindHandler] });
    await first.app.get(CommandTimers).schedule(new Remind('42'), { in: 500, id: 'remind/42' });
    await first.app.close();
    const second = await startBusApp(
      { events, timers: true, name: first.store },
      { providers: [Calls, RemindHandler] },
    );
    const { made } = second.app.get(Calls);
    await until('it is executed', () => made.length > 0);
    expect(made).toEqual(['remind 42']);
  });

  it('has timers of its own, also where another service of the store names one alike', async () => {
    const providers = [Calls, RemindHandler];
    const one = await startBusApp({ events, timers: true, service: 'one' }, { providers });
    const other = await startBusApp(
      { events, timers: true, service: 'other', name: one.store },
      { providers },
    );
    const made = [one, other].map(({ app }) => app.get(Calls).made);
    await other.app.get(CommandTimers).schedule(new Remind('far'), { in: '1 hour', id: 'remind' });
    await one.app.get(CommandTimers).schedule(new Remind('42'), { in: 20, id: 'remind' });
    await until('it is executed', () => made.flat().length > 0);
    for (const { app } of [one, other]) await untilHandled(app.get(EventStore), app.get(Reactors));
    expect(made).toEqual([['remind 42'], []]);
    expect(await other.app.get(CommandTimers).find('remind')).toMatchObject({ id: 'remind' });
    await expect(one.app.get(CommandTimers).cancel('')).rejects.toMatchObject({
      code: 'invalid-stream-name',
    });
  });

  it('keeps the steps of a handler apart from those of another service', async () => {
    const one = await startBusApp({ events, service: 'one' }, { providers: [Calls, Ship] });
    const other = await startBusApp(
      { events, service: 'other', name: one.store },
      { providers: [Calls, Ship] },
    );
    await one.app.get(EventBus).publish(new OrderPlaced('42', 10));
    for (const { app } of [one, other]) {
      await untilHandled(app.get(EventStore), app.get(Reactors));
      expect(app.get(Calls).made).toEqual(['label 42', 'parcel 42']);
    }
  });

  it('has no timers where the option is not set, and says so', async () => {
    const { app } = await startBusApp({ events }, { providers: [Calls, RemindHandler] });
    const scheduled = app.get(CommandTimers).schedule(new Remind('42'), { in: 50, id: 'remind/42' });
    expect(await rejection(scheduled)).toMatchObject({ code: 'invalid-option', option: 'timers' });
  });

  it('runs each step of a handler once, however often the handler is tried', async () => {
    const { app } = await startBusApp({ events }, { providers: [Calls, Ship] });
    app.get(Calls).failures = 2;
    await app.get(EventBus).publish(new OrderPlaced('42', 10));
    await untilHandled(app.get(EventStore), app.get(Reactors));
    expect(app.get(Calls).made).toEqual(['label 42', 'parcel 42']);
  });

  it('is healthy, or says which handler does not return', async () => {
    const { app } = await startBusApp({ events }, { providers: [Calls, Ship] });
    const health = app.get(ReactorsHealthIndicator);
    expect(await health.isHealthy()).toEqual({
      reactors: expect.objectContaining({ status: 'up', parked: 0, orphans: [] }),
    });
    let release = (): void => undefined;
    app.get(Calls).hang = new Promise((resolve) => (release = resolve));
    await app.get(EventBus).publish(new OrderPlaced('42', 10));
    await until('it hangs', () => app.get(Calls).made.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const { shop } = await health.isHealthy('shop', { maxCallMs: 1 });
    expect(shop).toMatchObject({
      status: 'down',
      message: expect.stringMatching(/^reactor ship has a handler that runs/),
    });
    release();
  });

  it('names the handlers that the service had before, which nobody runs', async () => {
    const first = await startBusApp({ events }, { providers: [Calls, Ship] });
    await first.app.close();
    const second = await startBusApp({ events, name: first.store });
    await second.app.get(EventBus).publish(new OrderPlaced('42', 10));
    const { reactors } = await second.app.get(ReactorsHealthIndicator).isHealthy();
    expect(reactors).toMatchObject({
      status: 'up',
      orphans: [{ reactor: 'ship', pending: 1, consumers: [expect.any(String)] }],
    });
  });
});

describe('a command that is executed directly', () => {
  it('is the very object, and throws the very error', async () => {
    const { app } = await startBusApp({ events }, { providers: [Calls, RemindHandler] });
    app.get(Calls).failures = 1;
    expect(await rejection(app.get(CommandBus).execute(new Remind('42')))).toEqual(
      new TypeError('no reminder today'),
    );
  });
});
