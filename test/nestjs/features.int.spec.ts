import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { AggregateRoot } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import {
  type Decider,
  type DeciderRepository,
  Event,
  type EventOf,
  EventSourced,
  EventStore,
  eventType,
  type JetStreamEventStore,
  jetStreamSnapshots,
  type Repository,
} from 'jetsource';
import { aggregateFeature, InjectRepository, JetsourceModule } from 'jetsource/nestjs';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { RawNats } from '../support/raw-nats.js';

@Event('Counted')
class Counted {}

@EventSourced('counter')
class Counter extends AggregateRoot {
  count = 0;

  constructor(readonly id: string) {
    super();
  }

  increase(): void {
    this.apply(new Counted());
  }

  onCounted(): void {
    this.count += 1;
  }

  toSnapshot(): object {
    return { count: this.count };
  }

  fromSnapshot({ count }: { count: number }): void {
    this.count = count;
  }
}

class Undecorated extends AggregateRoot {}

const ItemAdded = eventType<'ItemAdded', { sku: string }>({ name: 'ItemAdded' });

const cart: Decider<{ add: string }, EventOf<typeof ItemAdded>, readonly string[]> = {
  initialState: [],
  decide: ({ add }) => ItemAdded.create({ sku: add }),
  evolve: (skus, { data }) => [...skus, data.sku],
};

@Injectable()
class Shop {
  constructor(
    @InjectRepository(cart) readonly carts: DeciderRepository<{ add: string }, object, readonly string[]>,
    @InjectRepository(Counter) readonly counters: Repository<Counter>,
  ) {}
}

describe('forFeature', () => {
  it('provides repositories of deciders, and of classes with options that need the store', async () => {
    const name = uniqueStoreName();
    const app = await Test.createTestingModule({
      imports: [
        JetsourceModule.forRoot({ servers: sharedServerUrl(), name, events: [Counted, ItemAdded] }),
        JetsourceModule.forFeature([
          aggregateFeature(cart, { category: 'cart' }),
          aggregateFeature(Counter, async (store: JetStreamEventStore) => ({
            snapshots: { store: await jetStreamSnapshots(store), every: 2 },
          })),
        ]),
      ],
      providers: [Shop],
    }).compile();
    await app.init();
    const { carts, counters } = app.get(Shop);
    await carts.handle('7', { add: 'pen' }, { expect: 'any' });
    await carts.handle('7', { add: 'ink' });
    expect((await carts.load('7')).state).toEqual(['pen', 'ink']);

    await counters.create('a', (counter) => counter.increase());
    await counters.update('a', (counter) => counter.increase());
    expect(app.get(EventStore).name).toBe(name);
    // the snapshot is written in the background, and waited for before the store closes
    await app.close();
    await using raw = await RawNats.open();
    expect(await raw.messageCount(`${name}~snapshots`)).toBe(1);
  });

  it('refuses a class without a category unless its options name the streams', () => {
    expect(() => aggregateFeature(Undecorated)).toThrow('Undecorated');
    expect(() => aggregateFeature(Undecorated, { category: 'odd' })).not.toThrow();
  });

  it('refuses a value that is no aggregate, a decider without a category, and options that do not exist', () => {
    const feature = (...given: unknown[]) => JetsourceModule.forFeature(given as never);
    expect(() => feature(cart)).toThrow(expect.objectContaining({ code: 'missing-category' }) as Error);
    expect(() => feature(cart)).toThrow('aggregateFeature(decider, { category })');
    for (const none of [undefined, {}, 'cart', () => undefined])
      expect(() => feature(none)).toThrow(expect.objectContaining({ code: 'invalid-aggregate' }) as Error);
    expect(() => aggregateFeature(cart, { categry: 'cart' } as never)).toThrow('categry must be one of');
    expect(() => aggregateFeature(Counter, { snapshot: {} } as never)).toThrow('snapshot must be one of');
    expect(() => InjectRepository(undefined as never)).toThrow(
      expect.objectContaining({ code: 'invalid-aggregate' }) as Error,
    );
  });
});
