import { Injectable } from '@nestjs/common';
import {
  AggregateRoot,
  AsyncContext,
  CommandBus,
  CommandHandler,
  EventBus,
  EventsHandler,
  Publishable,
  UnhandledExceptionBus,
} from '@nestjs/cqrs';
import { Event, EventSourced, EventStore, repository, streamName } from 'jetsource';
import { DurableEventBus, DurableEventPublisher, Reactor } from 'jetsource/cqrs';
import { collect, until } from '../../support/collect.js';
import { closeBusApps, startBusApp } from './bus-app.js';

@Event('Told')
class Told {
  constructor(readonly text: string) {}
}

class HeroId {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

@EventSourced('hero')
class Hero extends AggregateRoot {
  constructor(readonly id: unknown) {
    super();
  }

  tell(text: string): void {
    this.apply(new Told(text));
  }
}

@EventSourced('bard')
class Bard extends AggregateRoot {
  readonly #name: string;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  get id(): string {
    return this.#name;
  }
}

@Publishable()
class Crier extends AggregateRoot {
  cry(text: string): void {
    this.apply(new Told(text));
    this.commit();
  }
}

class Unknown {}

@CommandHandler(Told)
class FailingCommandHandler {
  static readonly error = new Error('no');

  async execute(): Promise<void> {
    throw FailingCommandHandler.error;
  }
}

@Injectable()
class Seen {
  readonly texts: string[] = [];
}

@Reactor({ name: 'failing', maxAttempts: 2 })
@EventsHandler(Told)
class FailingHandler {
  constructor(private readonly seen: Seen) {}

  handle({ text }: Told): void {
    this.seen.texts.push(text);
    if (text === 'bad') throw new Error('bad');
  }
}

const events = [Told];

async function texts(store: EventStore, categories = ['$bus']): Promise<string[]> {
  return (await collect(store.readAll({ categories }))).map(({ data }) => (data as Told).text);
}

afterEach(closeBusApps);

describe('a class with @Publishable', () => {
  // @nestjs/cqrs gives it the first bus of the process: this is the first test
  it('has its events stored as notifications', async () => {
    const { app } = await startBusApp({ events });
    new Crier().cry('hear');
    await app.get(DurableEventBus).drain();
    expect(await texts(app.get(EventStore))).toEqual(['hear']);
  });
});

describe('EventBus', () => {
  it('stores the same instance as often as it is published, also frozen and with a context', async () => {
    const { app } = await startBusApp({ events });
    const bus = app.get(DurableEventBus);
    const event = Object.freeze(new Told('frozen'));
    await bus.publish(event, new AsyncContext());
    await bus.publish(event, new AsyncContext());
    const open = new Told('open');
    await bus.publish(open, undefined, new AsyncContext());
    await bus.publishAll([open], new AsyncContext());
    expect(await texts(app.get(EventStore))).toEqual(['frozen', 'frozen', 'open', 'open']);
    expect(AsyncContext.isAttached(open)).toBe(true);
  });

  it('stores nothing for an empty list', async () => {
    const { app } = await startBusApp({ events });
    await app.get(EventBus).publishAll([]);
    expect(await texts(app.get(EventStore))).toEqual([]);
  });

  it.each([
    ['an object without a prototype', Object.create(null) as object],
    ['an object of no class', { text: 'one' }],
    ['nothing', undefined],
    ['a text', 'text'],
  ])('rejects for %s, and the process goes on', async (_, given) => {
    const { app } = await startBusApp({ events });
    const published = app.get(EventBus).publish(given as object) as Promise<void>;
    await expect(published).rejects.toMatchObject({ outcome: 'not-applied' });
    await app.get(EventBus).publish(new Told('one'));
    expect(await texts(app.get(EventStore))).toEqual(['one']);
  });

  it('takes a list that ends in an event that is refused not at all', async () => {
    const { app } = await startBusApp({ events });
    const published = app
      .get(EventBus)
      .publishAll([new Told('one'), new Unknown()]) as unknown as Promise<void>;
    await expect(published).rejects.toMatchObject({ code: 'event-registration' });
    expect(await texts(app.get(EventStore))).toEqual([]);
  });

  it('has stored what it shows, whatever subscribers throw', async () => {
    const { app, logged } = await startBusApp({ events });
    const bus = app.get(EventBus);
    // an observer that is no Subscriber of RxJS, which would report the error itself
    bus.subject$.observers.push({
      next: () => {
        throw new Error('a subscriber');
      },
      error: () => undefined,
      complete: () => undefined,
    });
    await bus.publish(new Told('one'));
    expect(await texts(app.get(EventStore))).toEqual(['one']);
    expect(logged.lines.join()).toMatch(/a subscriber of EventBus has failed/);
  });
});

describe('EventPublisher', () => {
  it.each([
    [7, '7'],
    [7n, '7'],
    [new HeroId('anna'), 'anna'],
  ])('finds the stream of an aggregate by its id: %p', async (id, text) => {
    const { app } = await startBusApp({ events });
    const hero = app.get(DurableEventPublisher).mergeObjectContext(new Hero(id));
    hero.tell('one');
    await hero.commit();
    expect(await collect(app.get(EventStore).read(streamName('hero', text)))).toHaveLength(1);
  });

  it('finds it by a getter too', async () => {
    const { app } = await startBusApp({ events });
    const bard = app.get(DurableEventPublisher).mergeObjectContext(new Bard('ben'));
    bard.apply(new Told('one'));
    await bard.commit();
    expect(await collect(app.get(EventStore).read(streamName('bard', 'ben')))).toHaveLength(1);
  });

  it.each([[undefined], [''], [1.5], [{}], [[1]], [null]])(
    'refuses an id that names no stream: %p',
    async (id) => {
      const { app } = await startBusApp({ events });
      const hero = app.get(DurableEventPublisher).mergeObjectContext(new Hero(id));
      hero.tell('one');
      await expect(hero.commit()).rejects.toMatchObject({ code: 'invalid-aggregate' });
      expect(hero.getUncommittedEvents()).toHaveLength(1);
    },
  );

  it('merges an object twice, adds no data to it, and commits nothing of an empty one', async () => {
    const { app } = await startBusApp({ events });
    const publisher = app.get(DurableEventPublisher);
    const hero = publisher.mergeObjectContext(publisher.mergeObjectContext(new Hero('anna')));
    expect(Object.keys(hero)).toEqual(Object.keys(new Hero('anna')));
    await hero.commit();
    hero.tell('one');
    await hero.commit();
    await hero.commit();
    expect(await texts(app.get(EventStore), ['hero'])).toEqual(['one']);
  });

  it('leaves a commit inside of repository.update to the repository', async () => {
    const { app } = await startBusApp({ events });
    const publisher = app.get(DurableEventPublisher);
    const heroes = repository(app.get(EventStore), Hero);
    await heroes.create('anna', (hero) => hero.tell('one'));
    await heroes.update('anna', async (hero) => {
      const merged = publisher.mergeObjectContext(hero);
      merged.tell('two');
      await merged.commit();
      merged.tell('three');
    });
    const read = await collect(app.get(EventStore).read(streamName('hero', 'anna')));
    expect(read.map(({ data }) => (data as Told).text)).toEqual(['one', 'two', 'three']);
  });

  it('stores commits of a loaded aggregate that nobody awaits in order, and shows each event once', async () => {
    const { app } = await startBusApp({ events });
    const heroes = repository(app.get(EventStore), Hero);
    await heroes.create('anna', (hero) => hero.tell('one'));
    const seen: string[] = [];
    app.get(EventBus).subscribe((event) => seen.push((event as Told).text));
    const hero = app.get(DurableEventPublisher).mergeObjectContext(await heroes.load('anna'));
    for (const text of ['two', 'three', 'four']) {
      hero.tell(text);
      // oxlint-disable-next-line typescript/no-floating-promises -- as applications for @nestjs/cqrs do
      hero.commit();
    }
    await app.get(DurableEventBus).drain();
    expect(await texts(app.get(EventStore), ['hero'])).toEqual(['one', 'two', 'three', 'four']);
    expect(seen).toEqual(['two', 'three', 'four']);
  });
});

describe('UnhandledExceptionBus', () => {
  it('hears nothing of a command that the application executes, which rejects with its very error', async () => {
    const { app } = await startBusApp({ events }, { providers: [FailingCommandHandler] });
    const failures: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe((failure) => failures.push(failure));
    await expect(app.get(CommandBus).execute(new Told('one'))).rejects.toBe(FailingCommandHandler.error);
    expect(() => app.get(CommandBus).execute(new Unknown())).toThrow(/No handler/i);
    expect(failures).toEqual([]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('full');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('full'))],
  ])('may have a publisher that %s: handlers go on', async (_, publish) => {
    const { app, logged } = await startBusApp(
      { events, unhandledExceptionPublisher: { publish } },
      { providers: [Seen, FailingHandler] },
    );
    await app.get(EventBus).publishAll([new Told('bad'), new Told('good')]);
    await until('the last is handled', () => app.get(Seen).texts.includes('good'));
    await until('the failures are logged', () => logged.lines.some((line) => line.includes('full')));
    expect(logged.lines.join()).toMatch(/a failure of failing: .*full/);
  });
});
