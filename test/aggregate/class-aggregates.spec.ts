import { AggregateRoot, EventBus, EventPublisher } from '@nestjs/cqrs';
import { EventSourced } from '../../src/aggregate/model/event-sourced.js';
import { repository } from '../../src/aggregate/repository.js';
import { Event } from '../../src/event/event-type.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { rejection } from '../support/collect.js';
import { BalancePaidIn, Order, ORDER_EVENTS, OrderClosed } from './order.js';

/** As a minifier leaves them: the names of the classes say nothing. */
const Minified = (() => {
  @Event('TicketOpened')
  class a {
    constructor(readonly title: string) {}
  }
  @Event('TicketClosed')
  class b {}
  return { Opened: a, Closed: b };
})();

class Ticket extends AggregateRoot {
  title = '';
  isClosed = false;

  constructor(readonly id: string) {
    super();
  }

  open(title: string): void {
    this.apply(new Minified.Opened(title));
  }

  close(): void {
    this.apply(new Minified.Closed());
  }

  onTicketOpened({ title }: { title: string }): void {
    this.title = title;
  }
}

const TICKET_EVENTS = [Minified.Opened, Minified.Closed];

describe('a class of aggregates', () => {
  it('needs no decorator when the option category is given', async () => {
    const store = inMemoryEventStore({ events: TICKET_EVENTS });
    expect(() => repository(store, Ticket)).toThrow('Ticket');
    const tickets = repository(store, Ticket, { category: 'ticket' });
    await tickets.create('1', (ticket) => ticket.open('help'));
    expect(await tickets.load('1')).toMatchObject({ id: '1', title: 'help' });
  });

  it('finds its methods by the registered names of events, though a minifier renamed the classes', async () => {
    const store = inMemoryEventStore({ events: TICKET_EVENTS });
    const tickets = repository(store, Ticket, { category: 'ticket' });
    await tickets.create('1', (ticket) => {
      ticket.open('help');
      expect(ticket.title).toBe('help');
    });
    expect((await tickets.load('1')).title).toBe('help');

    @EventSourced('ticket')
    class Decorated extends Ticket {}
    const made = new Decorated('2');
    made.open('made by hand');
    expect(made.title).toBe('made by hand');
  });

  it('still finds a method by the name of the class', () => {
    @Event('stored-name')
    class Renamed {}
    @EventSourced('thing')
    class Thing extends AggregateRoot {
      seen = 0;
      onRenamed(): void {
        this.seen += 1;
      }
    }
    const thing = new Thing();
    thing.apply(new Renamed());
    expect(thing.seen).toBe(1);
  });

  it('without a method for an event ignores it, or fails if told so', async () => {
    const store = inMemoryEventStore({ events: TICKET_EVENTS });
    const tickets = repository(store, Ticket, { category: 'ticket' });
    await tickets.create('1', (ticket) => ticket.open('help'));
    await tickets.update('1', (ticket) => ticket.close());
    expect((await tickets.load('1')).isClosed).toBe(false);

    const strict = repository(store, Ticket, { category: 'ticket', unhandledEvents: 'fail' });
    expect(await rejection(strict.load('1'))).toMatchObject({
      name: 'MissingEventHandlerError',
      aggregate: 'Ticket',
      event: 'TicketClosed',
    });
  });

  it('may call commit() inside of an update: it does nothing, the repository stores the events', async () => {
    const orders = repository(inMemoryEventStore({ events: ORDER_EVENTS }), Order);
    const { value } = await orders.create('1', (order) => {
      order.payIn(5);
      order.commit();
      return order.getUncommittedEvents().length;
    });
    expect(value).toBe(1);
    expect((await orders.load('1')).balance).toBe(5);
  });

  it('keeps its events when commit() is called in place of save, and throws what to do', async () => {
    const orders = repository(inMemoryEventStore({ events: ORDER_EVENTS }), Order);
    await orders.create('1', (order) => order.payIn(5));
    const order = await orders.load('1');
    order.commit();
    order.close();
    expect(() => order.commit()).toThrow(
      expect.objectContaining({ code: 'uncommitted-events', aggregate: 'Order', count: 1 }) as Error,
    );
    expect(() => order.commit()).toThrow('repository.save');
    expect(order.getUncommittedEvents()).toEqual([new OrderClosed()]);
    await orders.save(order);
    order.commit();
    expect(await orders.load('1')).toMatchObject({ isClosed: true });
  });

  it('merged with a publisher that fails leaves no rejection unhandled, and loses no event', async () => {
    const bus = new EventBus(undefined as never, undefined as never, undefined as never);
    bus.publisher = {
      publish: async () => Promise.reject(new TypeError('broker down')),
      publishAll: async () => Promise.reject(new TypeError('broker down')),
    };
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const orders = repository(inMemoryEventStore({ events: ORDER_EVENTS }), Order);
    await orders.create('1', (order) => {
      const merged = new EventPublisher(bus).mergeObjectContext(order);
      merged.payIn(5);
      merged.commit();
    });
    const loaded = new EventPublisher(bus).mergeObjectContext(await orders.load('1'));
    loaded.payIn(7);
    expect(() => loaded.commit()).toThrow('repository.save');
    expect(await orders.save(loaded)).toMatchObject({ version: 2 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(loaded.getUncommittedEvents()).toEqual([]);
  });

  it('with autoCommit is refused: its events would be published and not stored', async () => {
    @EventSourced('order')
    class Publishing extends AggregateRoot {
      override autoCommit = true;
    }
    const publishing = repository(inMemoryEventStore({ events: ORDER_EVENTS }), Publishing);
    expect(await rejection(publishing.find('1'))).toMatchObject({ option: 'Publishing.autoCommit' });
  });

  it('need not extend AggregateRoot', async () => {
    class Plain {
      total = 0;
      #uncommitted: object[] = [];

      pay(amount: number): void {
        const event = new BalancePaidIn(amount);
        this.#uncommitted.push(event);
        this.loadFromHistory([event]);
      }

      getUncommittedEvents(): object[] {
        return this.#uncommitted;
      }

      loadFromHistory(events: object[]): void {
        for (const event of events) if (event instanceof BalancePaidIn) this.total += event.amount;
      }

      uncommit(): void {
        this.#uncommitted = [];
      }
    }
    const plain = repository(inMemoryEventStore({ events: ORDER_EVENTS }), Plain, { category: 'plain' });
    await plain.create('1', (aggregate) => aggregate.pay(3));
    expect(await plain.update('1', ({ total }) => total)).toMatchObject({ value: 3 });
    expect((await plain.load('1')).total).toBe(3);
  });
});
