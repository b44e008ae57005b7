import { Injectable } from '@nestjs/common';
import { EventBus, EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { AggregateRoot } from '@nestjs/cqrs';
import { Event, EventSourced, EventStore, Reactors } from 'jetsource';
import { DurableEventPublisher, Reactor } from 'jetsource/cqrs';
import { recordEvents, untilHandled } from 'jetsource/testing';
import { rejection } from '../../support/collect.js';
import { closeBusApps, startBusApp } from './bus-app.js';

@Event('Placed')
class Placed {
  constructor(readonly order: string) {}
}

@Event('ReceiptSent')
class ReceiptSent {
  constructor(readonly order: string) {}
}

@EventSourced('order')
class Order extends AggregateRoot {
  constructor(readonly id: string) {
    super();
  }
}

@Injectable()
class Printer {
  isBroken = false;
}

@Reactor({ name: 'receipts' })
@EventsHandler(Placed)
class Receipts implements IEventHandler<Placed> {
  constructor(
    private readonly bus: EventBus,
    private readonly printer: Printer,
  ) {}

  async handle({ order }: Placed): Promise<void> {
    if (this.printer.isBroken) throw new TypeError('out of paper');
    await this.bus.publish(new ReceiptSent(order));
  }
}

const events = [Placed, ReceiptSent];
const providers = [Printer, Receipts];

afterEach(closeBusApps);

describe('the test kit', () => {
  it('waits until all is handled, and collects what was stored, published events included', async () => {
    const { app } = await startBusApp({ events }, { providers });
    const store = app.get(EventStore);
    await app.get(EventBus).publish(new Placed('before'));
    await untilHandled(store, app.get(Reactors));
    const recording = await recordEvents(store);
    expect(await recording.events()).toEqual([]);
    const order = app.get(DurableEventPublisher).mergeObjectContext(new Order('42'));
    order.apply(new Placed('42'));
    await order.commit();
    await app.get(EventBus).publish(new Placed('43'));
    await untilHandled(store, app.get(Reactors));
    const recorded = await recording.events();
    expect(recorded).toHaveLength(4);
    expect(recorded).toEqual(
      expect.arrayContaining([
        new Placed('42'),
        new Placed('43'),
        new ReceiptSent('42'),
        new ReceiptSent('43'),
      ]),
    );
  });

  it('says which reactor has not handled what', async () => {
    const { app } = await startBusApp({ events, reactions: { backoffMs: [60_000] } }, { providers });
    app.get(Printer).isBroken = true;
    await app.get(EventBus).publish(new Placed('42'));
    const waiting = untilHandled(app.get(EventStore), app.get(Reactors), { timeoutMs: 200 });
    expect(await rejection(waiting)).toMatchObject({
      code: 'wait-timeout',
      message: expect.stringMatching(/receipts: 1 pending/),
    });
  });
});
