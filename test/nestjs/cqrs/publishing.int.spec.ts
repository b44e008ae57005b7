import { AggregateRoot, EventBus, EventPublisher, ofType } from '@nestjs/cqrs';
import { DurableEventPublisher } from 'jetsource/cqrs';
import { Event, EventSourced, EventStore, repository, streamName } from 'jetsource';
import { collect } from '../../support/collect.js';
import { closeBusApps, startBusApp } from './bus-app.js';

@Event('DragonKilled')
class DragonKilled {
  constructor(readonly dragon: string) {}
}

@Event('ItemFound')
class ItemFound {
  constructor(readonly item: string) {}
}

class NotRegistered {}

@EventSourced('hero')
class Hero extends AggregateRoot {
  readonly kills: string[] = [];

  constructor(readonly id: string) {
    super();
  }

  kill(dragon: string): void {
    this.apply(new DragonKilled(dragon));
  }

  onDragonKilled({ dragon }: DragonKilled): void {
    this.kills.push(dragon);
  }
}

class Nameless extends AggregateRoot {
  kill(dragon: string): void {
    this.apply(new DragonKilled(dragon));
  }
}

const events = [DragonKilled, ItemFound];

async function stored(store: EventStore, categories = ['$bus']): Promise<readonly object[]> {
  return (await collect(store.readAll({ categories }))).map(({ data }) => data);
}

afterEach(closeBusApps);

describe('EventBus', () => {
  it('stores an event before publish resolves, as a notification', async () => {
    const { app } = await startBusApp({ events });
    await app.get(EventBus).publish(new DragonKilled('smok'));
    const [event] = await collect(app.get(EventStore).readAll({ categories: ['$bus'] }));
    expect(event?.data).toEqual(new DragonKilled('smok'));
    expect(event?.type).toBe('DragonKilled');
  });

  it('stores all events of publishAll in their order', async () => {
    const { app } = await startBusApp({ events });
    const given = Array.from({ length: 100 }, (_, index) => new DragonKilled(String(index)));
    await app.get(EventBus).publishAll(given);
    expect(await stored(app.get(EventStore))).toEqual(given);
  });

  it('rejects for an event that is not registered and stores nothing', async () => {
    const { app } = await startBusApp({ events });
    const published = app.get(EventBus).publish(new NotRegistered()) as Promise<void>;
    await expect(published).rejects.toMatchObject({ code: 'event-registration' });
    expect(await stored(app.get(EventStore))).toEqual([]);
  });

  it('logs a failure that nobody awaits; the process goes on', async () => {
    const { app, logged } = await startBusApp({ events });
    app.get(EventBus).publish(new NotRegistered());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(logged.lines.join()).toMatch(/NotRegistered could not be stored/);
  });

  it('stores what nobody awaits before the application ends', async () => {
    const { app, store } = await startBusApp({ events });
    for (let index = 0; index < 500; index += 1) app.get(EventBus).publish(new DragonKilled(String(index)));
    await app.close();
    const again = await startBusApp({ events, name: store });
    expect(await stored(again.app.get(EventStore))).toHaveLength(500);
  });

  it('shows those who subscribe to it what this process has stored', async () => {
    const { app } = await startBusApp({ events });
    const seen: object[] = [];
    app
      .get(EventBus)
      .pipe(ofType(ItemFound))
      .subscribe((event) => seen.push(event));
    const item = new ItemFound('sword');
    await app.get(EventBus).publishAll([new DragonKilled('smok'), item]);
    expect(seen).toEqual([item]);
  });

  it('refuses another publisher', async () => {
    const { app } = await startBusApp({ events });
    expect(() => (app.get(EventBus).publisher = { publish: () => undefined })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
    await expect(
      startBusApp({ events, eventPublisher: { publish: () => undefined } } as never),
    ).rejects.toMatchObject({ code: 'invalid-option', option: 'eventPublisher' });
  });
});

describe('EventPublisher', () => {
  it('stores the events of an aggregate in its stream, in one commit', async () => {
    const { app } = await startBusApp({ events });
    const hero = app.get(DurableEventPublisher).mergeObjectContext(new Hero('anna'));
    hero.kill('smok');
    hero.kill('fafnir');
    await hero.commit();
    const read = await collect(app.get(EventStore).read(streamName('hero', 'anna')));
    expect(read.map(({ version, data }) => [version, data])).toEqual([
      [1, new DragonKilled('smok')],
      [2, new DragonKilled('fafnir')],
    ]);
    expect(read[0]?.id.split('/')[0]).toBe(read[1]?.id.split('/')[0]);
    expect(hero.getUncommittedEvents()).toEqual([]);
  });

  it('appends whatever the stream holds for an aggregate that no repository has loaded', async () => {
    const { app } = await startBusApp({ events });
    const publisher = app.get(DurableEventPublisher);
    for (const dragon of ['smok', 'fafnir']) {
      const hero = publisher.mergeObjectContext(new Hero('anna'));
      hero.kill(dragon);
      await hero.commit();
    }
    expect(await stored(app.get(EventStore), ['hero'])).toHaveLength(2);
  });

  it('guards an aggregate that a repository has loaded by its version', async () => {
    const { app } = await startBusApp({ events });
    const heroes = repository(app.get(EventStore), Hero);
    await heroes.create('anna', (hero) => hero.kill('smok'));
    const [one, other] = await Promise.all([heroes.load('anna'), heroes.load('anna')]);
    const publisher = app.get(DurableEventPublisher);
    one.kill('fafnir');
    await publisher.mergeObjectContext(one).commit();
    other.kill('fafnir');
    const late = publisher.mergeObjectContext(other);
    await expect(late.commit()).rejects.toMatchObject({ code: 'wrong-expected-version' });
    expect(late.getUncommittedEvents()).toHaveLength(1);
  });

  it('stores commits that nobody awaits in the order of the calls', async () => {
    const { app } = await startBusApp({ events });
    const hero = app.get(DurableEventPublisher).mergeObjectContext(new Hero('anna'));
    const dragons = Array.from({ length: 200 }, (_, index) => String(index));
    for (const dragon of dragons) {
      hero.kill(dragon);
      // oxlint-disable-next-line typescript/no-floating-promises -- as applications for @nestjs/cqrs do
      hero.commit();
    }
    expect(hero.getUncommittedEvents()).toEqual([]);
    hero.kill('last');
    await hero.commit();
    expect(await stored(app.get(EventStore), ['hero'])).toEqual(
      [...dragons, 'last'].map((dragon) => new DragonKilled(dragon)),
    );
  });

  it('gives the aggregate its events back when a commit fails', async () => {
    const { app } = await startBusApp({ events: [ItemFound] });
    const hero = app.get(DurableEventPublisher).mergeObjectContext(new Hero('anna'));
    hero.kill('smok');
    const commit = hero.commit();
    hero.apply(new ItemFound('sword'));
    await expect(commit).rejects.toMatchObject({ code: 'event-registration' });
    expect(hero.getUncommittedEvents()).toEqual([new DragonKilled('smok'), new ItemFound('sword')]);
  });

  it('is the publisher that applications inject', async () => {
    const { app } = await startBusApp({ events });
    expect(app.get(EventPublisher)).toBe(app.get(DurableEventPublisher));
  });

  it('merges a class, whose instances keep the category of the class', async () => {
    const { app } = await startBusApp({ events });
    const Merged = app.get(DurableEventPublisher).mergeClassContext(Hero);
    const hero = new Merged('ben');
    hero.kill('smok');
    await (hero.commit() as unknown as Promise<void>);
    expect(await stored(app.get(EventStore), ['hero'])).toEqual([new DragonKilled('smok')]);
  });

  it('stores the events of an aggregate without a category as notifications', async () => {
    const { app } = await startBusApp({ events });
    const nameless = app.get(DurableEventPublisher).mergeObjectContext(new Nameless());
    nameless.kill('smok');
    await nameless.commit();
    expect(await stored(app.get(EventStore))).toEqual([new DragonKilled('smok')]);
  });

  it('stores at once what an aggregate with autoCommit applies', async () => {
    const { app } = await startBusApp({ events });
    const hero = app.get(DurableEventPublisher).mergeObjectContext(new Hero('anna'));
    hero.autoCommit = true;
    hero.kill('smok');
    await app.close();
    expect(hero.getUncommittedEvents()).toEqual([]);
  });
});
