import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { CqrsModule, EventBus, EventsHandler, UnhandledExceptionBus } from '@nestjs/cqrs';
import { currentMetadata, Event, type RecordedEvent } from 'jetsource';
import { Reactor } from 'jetsource/cqrs';
import { until } from '../../support/collect.js';
import { closeBusApps, startBusApp } from './bus-app.js';

@Event('Base')
class Base {
  constructor(readonly text: string) {}
}

@Event('Special')
class Special extends Base {}

@Event('Other')
class Other {
  constructor(readonly text: string) {}
}

const events = [Base, Special, Other];

@Injectable()
class Seen {
  readonly calls: unknown[] = [];
}

@Reactor({ name: 'base' })
@EventsHandler(Base)
class BaseHandler {
  constructor(private readonly seen: Seen) {}

  handle(event: Base): void {
    this.seen.calls.push(['base', event]);
  }
}

@Reactor({ name: 'special' })
@EventsHandler(Special)
class SpecialHandler {
  constructor(private readonly seen: Seen) {}

  async handle(event: Special): Promise<void> {
    this.seen.calls.push(['special', event]);
  }
}

@EventsHandler(Other)
class OtherHandler {
  handle(): void {}
}

@Reactor({ name: 'moody', maxAttempts: 3 })
@EventsHandler(Other)
class MoodyHandler {
  constructor(private readonly seen: Seen) {}

  async handle({ text }: Other): Promise<void> {
    this.seen.calls.push(text);
    // oxlint-disable-next-line typescript/only-throw-error -- a handler may
    if (this.seen.calls.length < 3) throw 'not yet';
  }
}

@Reactor({ name: 'scoped' })
@EventsHandler(Other, { scope: Scope.REQUEST })
class ScopedHandler {
  constructor(
    @Inject(REQUEST) private readonly request: RecordedEvent,
    private readonly seen: Seen,
  ) {}

  handle({ text }: Other): void {
    this.seen.calls.push([text, this.request.type]);
  }
}

@Reactor({ name: 'context' })
@EventsHandler(Other)
class ContextHandler {
  constructor(private readonly seen: Seen) {}

  handle(): void {
    this.seen.calls.push(currentMetadata());
  }
}

afterEach(closeBusApps);

describe('handlers', () => {
  it('get events as instances of their classes', async () => {
    const { app } = await startBusApp({ events }, { providers: [Seen, BaseHandler] });
    await app.get(EventBus).publish(new Base('one'));
    await until('it is handled', () => app.get(Seen).calls.length === 1);
    const [[, event]] = app.get(Seen).calls as [[string, Base]];
    expect(event).toBeInstanceOf(Base);
    expect(event).toEqual(new Base('one'));
  });

  it('of a base class get a subclass, unless a handler lists the subclass', async () => {
    const alone = await startBusApp({ events }, { providers: [Seen, BaseHandler] });
    await alone.app.get(EventBus).publish(new Special('one'));
    await until('it is handled', () => alone.app.get(Seen).calls.length === 1);

    const both = await startBusApp({ events }, { providers: [Seen, BaseHandler, SpecialHandler] });
    await both.app.get(EventBus).publishAll([new Special('one'), new Base('two')]);
    const { calls } = both.app.get(Seen);
    await until('it is handled', () => calls.length === 2);
    expect(calls).toEqual(
      expect.arrayContaining([
        ['special', new Special('one')],
        ['base', new Base('two')],
      ]),
    );
  });

  it('go on where they were after a restart', async () => {
    const first = await startBusApp({ events }, { providers: [Seen, BaseHandler] });
    await first.app.get(EventBus).publish(new Base('one'));
    await until('it is handled', () => first.app.get(Seen).calls.length === 1);
    await first.app.close();

    const publisher = await startBusApp({ events, name: first.store });
    await publisher.app.get(EventBus).publish(new Base('two'));
    await publisher.app.close();

    const second = await startBusApp({ events, name: first.store }, { providers: [Seen, BaseHandler] });
    const { calls } = second.app.get(Seen);
    await until('it is handled', () => calls.length === 1);
    expect(calls).toEqual([['base', new Base('two')]]);
  });

  it('are tried again; UnhandledExceptionBus hears of each failure, with the name of the handler', async () => {
    const { app } = await startBusApp({ events }, { providers: [Seen, MoodyHandler] });
    const failures: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe((failure) => failures.push(failure));
    await app.get(EventBus).publish(new Other('one'));
    await until('it is handled', () => app.get(Seen).calls.length === 3);
    const failure = { cause: new Other('one'), exception: 'not yet', handler: 'moody' };
    expect(failures).toEqual([
      { ...failure, attempt: 1 },
      { ...failure, attempt: 2 },
    ]);
  });

  it('that are scoped to requests are made for each event, and get it as their request', async () => {
    const { app } = await startBusApp({ events }, { providers: [Seen, ScopedHandler] });
    await app.get(EventBus).publishAll([new Other('one'), new Other('two')]);
    await until('it is handled', () => app.get(Seen).calls.length === 2);
    expect(app.get(Seen).calls).toEqual(
      expect.arrayContaining([
        ['one', 'Other'],
        ['two', 'Other'],
      ]),
    );
  });

  it('run in the context of their event', async () => {
    const { app } = await startBusApp({ events }, { providers: [Seen, ContextHandler] });
    await app.get(EventBus).publish(new Other('one'));
    await until('it is handled', () => app.get(Seen).calls.length === 1);
    const [metadata] = app.get(Seen).calls as [{ causationId: string; correlationId: string }];
    expect(metadata.causationId).toMatch(/\/0$/);
    expect(metadata.correlationId).toEqual(expect.any(String));
  });

  it('that two modules provide handle an event once', async () => {
    @Module({ providers: [Seen, BaseHandler], exports: [Seen] })
    class Feature {}
    const { app } = await startBusApp({ events }, { providers: [BaseHandler], imports: [Feature] });
    await app.get(EventBus).publish(new Base('one'));
    await until('it is handled', () => app.get(Seen).calls.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(app.get(Seen).calls).toHaveLength(1);
  });
});

describe('the start', () => {
  it('fails for handlers without a name, and says how to name them', async () => {
    await expect(startBusApp({ events }, { providers: [OtherHandler] })).rejects.toThrow(
      /OtherHandler have no stable name.*@Reactor.*names: \{ OtherHandler: 'other' \}/,
    );
  });

  it('takes names from the options', async () => {
    await expect(
      startBusApp({ events, names: { OtherHandler: 'other' } }, { providers: [OtherHandler] }),
    ).resolves.toBeDefined();
  });

  it('fails for two handlers of one name', async () => {
    const providers = [Seen, BaseHandler, OtherHandler];
    await expect(startBusApp({ events, names: { OtherHandler: 'base' } }, { providers })).rejects.toThrow(
      /BaseHandler and OtherHandler are both named base/,
    );
  });

  it('fails for a name of a handler that there is not', async () => {
    await expect(startBusApp({ events, names: { OderHandler: 'other' } })).rejects.toThrow(/OderHandler/);
  });

  it('fails for a handler of events that are not registered', async () => {
    await expect(startBusApp({ events: [Other] }, { providers: [Seen, BaseHandler] })).rejects.toThrow(
      /BaseHandler handles Base, which the store does not know/,
    );
  });

  it('fails when a feature module imports CqrsModule, and names the module', async () => {
    @Module({ imports: [CqrsModule] })
    class Feature {}
    await expect(startBusApp({ events }, { imports: [Feature] })).rejects.toThrow(
      /Feature imports CqrsModule, whose EventBus keeps events in memory/,
    );
  });
});
