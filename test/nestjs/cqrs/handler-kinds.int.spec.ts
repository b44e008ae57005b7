import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { AggregateRoot, AsyncContext, EventBus, EventsHandler, UnhandledExceptionBus } from '@nestjs/cqrs';
import { Event, EventSourced, eventType, type RecordedEvent } from 'jetsource';
import { DurableEventPublisher, Reactor } from 'jetsource/cqrs';
import { until } from '../../support/collect.js';
import { closeBusApps, startBusApp } from './bus-app.js';

@Event('Told')
class Told {
  constructor(readonly text: string) {}
}

@Event('Asked')
class Asked {
  constructor(readonly text: string) {}
}

abstract class Spoken {
  constructor(readonly text: string) {}
}

@Event('Sung')
class Sung extends Spoken {}

class NotRegistered {}

const events = [Told, Asked, Sung];

@Injectable()
class Seen {
  readonly calls: unknown[] = [];
}

@Injectable({ scope: Scope.REQUEST })
class RequestLog {
  static made = 0;
  readonly number = (RequestLog.made += 1);

  constructor(@Inject(REQUEST) readonly request: RecordedEvent) {}
}

@Reactor({ name: 'made' })
@EventsHandler(Told)
class MadeHandler {
  constructor(private readonly seen: Seen) {}

  handle({ text }: Told): void {
    this.seen.calls.push(text);
  }
}

@Reactor({ name: 'transient' })
@EventsHandler(Told, { scope: Scope.TRANSIENT })
class TransientHandler {
  constructor(private readonly seen: Seen) {}

  handle({ text }: Told): void {
    this.seen.calls.push(text);
  }
}

@Reactor({ name: 'nested', maxAttempts: 3 })
@EventsHandler(Told)
class NestedHandler {
  constructor(
    private readonly log: RequestLog,
    private readonly other: RequestLog,
    private readonly seen: Seen,
  ) {}

  async handle(event: Told): Promise<void> {
    const { request, number } = this.log;
    const isOne = request.data === event && this.other.number === number;
    this.seen.calls.push([isOne, AsyncContext.isAttached(event), number]);
    if (event.text === 'twice' && this.seen.calls.length === 1) throw new Error('again');
  }
}

@Reactor({ name: 'durable' })
@EventsHandler(Told)
@Injectable({ scope: Scope.REQUEST, durable: true })
class DurableHandler {
  constructor(
    @Inject(REQUEST) private readonly request: RecordedEvent,
    private readonly seen: Seen,
  ) {}

  handle({ text }: Told): void {
    this.seen.calls.push([text, this.request.type]);
  }
}

@Reactor({ name: 'sudden', maxAttempts: 2 })
@EventsHandler(Told)
class SuddenHandler {
  constructor(private readonly seen: Seen) {}

  handle({ text }: Told): Promise<void> {
    this.seen.calls.push(text);
    if (this.seen.calls.length === 1) throw new Error('at once');
    return Promise.resolve();
  }
}

@Reactor({ name: 'both' })
@EventsHandler(Told, Asked)
class BothHandler {
  constructor(private readonly seen: Seen) {}

  handle(event: Told | Asked): void {
    this.seen.calls.push(event);
  }
}

@Reactor({ name: 'spoken' })
@EventsHandler(Spoken as never)
class SpokenHandler {
  constructor(private readonly seen: Seen) {}

  handle(event: Spoken): void {
    this.seen.calls.push(event);
  }
}

@Reactor({ name: 'partly' })
@EventsHandler(Told, NotRegistered)
class PartlyHandler {
  handle(): void {}
}

@Reactor({ name: 'no-events' })
@EventsHandler()
class NoEventsHandler {
  handle(): void {}
}

@Reactor({ name: 'no-handle' })
@EventsHandler(Told)
class NoHandleHandler {}

const noted = eventType<'Noted', { readonly text: string }>({ name: 'Noted' });

@Reactor({ name: 'plain' })
@EventsHandler(noted as never)
class PlainHandler {
  constructor(private readonly seen: Seen) {}

  handle(event: unknown): void {
    this.seen.calls.push(event);
  }
}

@EventSourced('person')
class Person extends AggregateRoot {
  constructor(readonly id: string) {
    super();
  }
}

afterEach(closeBusApps);

async function callsOf(
  handlers: object[],
  published: object[],
  count = published.length,
): Promise<unknown[]> {
  const { app } = await startBusApp(
    { events: [...events, noted] },
    { providers: [Seen, ...handlers] as never },
  );
  await app.get(EventBus).publishAll(published);
  const { calls } = app.get(Seen);
  await until('it is handled', () => calls.length >= count);
  await app.close();
  return calls;
}

describe('a handler', () => {
  it('may be made by a factory', async () => {
    const made = {
      provide: 'made',
      inject: [Seen],
      useFactory: async (seen: Seen) => new MadeHandler(seen),
    };
    expect(await callsOf([made], [new Told('one')])).toEqual(['one']);
  });

  it('with an alias handles an event once', async () => {
    const alias = { provide: 'alias', useExisting: MadeHandler };
    expect(await callsOf([MadeHandler, alias], [new Told('one'), new Told('two')])).toEqual(['one', 'two']);
  });

  it('that is transient has its dependencies', async () => {
    expect(await callsOf([TransientHandler], [new Told('one')])).toEqual(['one']);
  });

  it('shares what is scoped to requests with its dependencies; each attempt has its own', async () => {
    RequestLog.made = 0;
    const calls = await callsOf([RequestLog, NestedHandler], [new Told('twice')], 2);
    expect(calls).toEqual([
      [true, true, 1],
      [true, true, 2],
    ]);
  });

  it('that is durable is made for each event', async () => {
    expect(await callsOf([DurableHandler], [new Told('one')])).toEqual([['one', 'Told']]);
  });

  it('that throws synchronously is tried again', async () => {
    expect(await callsOf([SuddenHandler], [new Told('one')], 2)).toEqual(['one', 'one']);
  });

  it('gets events of a stream and published ones', async () => {
    const { app } = await startBusApp({ events }, { providers: [Seen, BothHandler] });
    const person = app.get(DurableEventPublisher).mergeObjectContext(new Person('ada'));
    person.apply(new Told('one'));
    await person.commit();
    await app.get(EventBus).publish(new Asked('two'));
    await until('both are handled', () => app.get(Seen).calls.length === 2);
    expect(app.get(Seen).calls).toEqual(expect.arrayContaining([new Told('one'), new Asked('two')]));
  });

  it('of a base class that is not stored itself gets what extends it', async () => {
    expect(await callsOf([SpokenHandler], [new Sung('one')])).toEqual([new Sung('one')]);
  });

  it('of a plain event type gets plain events', async () => {
    const event = { type: 'Noted', data: { text: 'one' } };
    expect(await callsOf([PlainHandler], [event])).toEqual([event]);
  });
});

describe('the start', () => {
  it('fails for a handler of an event that the store does not know, also beside one that it knows', async () => {
    await expect(startBusApp({ events }, { providers: [PartlyHandler] })).rejects.toThrow(
      /PartlyHandler handles NotRegistered, which the store does not know/,
    );
  });

  it('fails for a handler of no events', async () => {
    await expect(startBusApp({ events }, { providers: [NoEventsHandler] })).rejects.toThrow(
      /NoEventsHandler lists no events/,
    );
  });

  it('fails for a handler without handle', async () => {
    await expect(startBusApp({ events }, { providers: [NoHandleHandler] })).rejects.toThrow(
      /NoHandleHandler has no method handle/,
    );
  });
});

describe('the log', () => {
  it('names the handler that has failed', async () => {
    const { app, logged } = await startBusApp({ events }, { providers: [Seen, SuddenHandler] });
    const failures: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe((failure) => failures.push(failure));
    await app.get(EventBus).publish(new Told('one'));
    await until('it is handled', () => app.get(Seen).calls.length === 2);
    expect(logged.lines.join('\n')).toMatch(/sudden/);
    expect(logged.lines.join('\n')).not.toMatch(/InstanceWrapper/);
  });
});
