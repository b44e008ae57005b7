import { Controller, Injectable, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, CommandHandler, EventBus, EventsHandler, type IEvent, ofType, Saga } from '@nestjs/cqrs';
import { currentMetadata, Event, EventStore, type Metadata, runWithMetadata, withMetadata } from 'jetsource';
import { JetsourceCqrsModule, Reactor } from 'jetsource/cqrs';
import { map, type Observable } from 'rxjs';
import { sharedServerUrl, uniqueStoreName } from '../../shared-server.js';
import { collect, until } from '../../support/collect.js';
import { closeBusApps, startBusApp } from './bus-app.js';

@Event('Asked')
class Asked {
  constructor(readonly text: string) {}
}

@Event('Answered')
class Answered {
  constructor(readonly text: string) {}
}

class Ask {
  constructor(readonly text: string) {}
}

class Thank {
  constructor(readonly text: string) {}
}

@Injectable()
class Seen {
  readonly metadata: [string, Metadata][] = [];
}

@CommandHandler(Ask)
class AskHandler {
  constructor(
    private readonly events: EventBus,
    private readonly seen: Seen,
  ) {}

  async execute({ text }: Ask): Promise<void> {
    this.seen.metadata.push(['command', currentMetadata()]);
    await this.events.publish(new Asked(text));
  }
}

@Reactor({ name: 'answer' })
@EventsHandler(Asked)
class AskedHandler {
  constructor(
    private readonly events: EventBus,
    private readonly seen: Seen,
  ) {}

  async handle({ text }: Asked): Promise<void> {
    this.seen.metadata.push(['handler', currentMetadata()]);
    await this.events.publish(new Answered(text));
  }
}

@CommandHandler(Thank)
class ThankHandler {
  constructor(private readonly seen: Seen) {}

  async execute(): Promise<void> {
    this.seen.metadata.push(['thanks', currentMetadata()]);
  }
}

@Injectable()
class Sagas {
  @Saga()
  answered = (events: Observable<IEvent>): Observable<Thank> =>
    events.pipe(
      ofType(Answered),
      map(({ text }) => new Thank(text)),
    );
}

@Controller()
class Questions {
  constructor(private readonly commands: CommandBus) {}

  @Post('ask/:text')
  async ask(@Param('text') text: string): Promise<void> {
    await this.commands.execute(new Ask(text));
  }
}

const events = [Asked, Answered];
const handlers = [Seen, AskHandler, AskedHandler, ThankHandler, Sagas];

afterEach(closeBusApps);

describe('correlation and causation', () => {
  it('flow from a request through command, event, handler and saga to the next command', async () => {
    const name = uniqueStoreName();
    @Module({
      imports: [JetsourceCqrsModule.forRoot({ servers: sharedServerUrl(), name, events })],
      controllers: [Questions],
      providers: handlers,
    })
    class AppModule {}
    const app = await NestFactory.create(AppModule, { logger: false });
    await app.listen(0, '127.0.0.1');
    const headers = { 'X-Correlation-ID': 'request-1' };
    await fetch(`${await app.getUrl()}/ask/why`, { method: 'POST', headers });
    const { metadata } = app.get(Seen);
    await until('the last command is executed', () => metadata.length === 3);
    const stored = await collect(app.get(EventStore).readAll({ categories: ['$bus', '$saga'] }));
    await app.close();
    expect(stored.map(({ type }) => type)).toEqual(['Asked', 'Answered', '$command']);
    expect(stored.map((event) => event.metadata.correlationId)).toEqual(Array(3).fill('request-1'));
    expect(metadata.map(([, { correlationId }]) => correlationId)).toEqual(Array(3).fill('request-1'));
    expect(stored.slice(1).map((event) => event.metadata.causationId)).toEqual([
      stored[0]?.id,
      stored[1]?.id,
    ]);
    expect(metadata.map(([what, { causationId }]) => [what, causationId])).toEqual([
      ['command', undefined],
      ['handler', stored[0]?.id],
      ['thanks', stored[2]?.id],
    ]);
  });

  it('are those that the publisher gives, where it gives some', async () => {
    const { app } = await startBusApp({ events });
    const bus = app.get(EventBus);
    const seen: object[] = [];
    bus.subscribe((event) => seen.push(event));
    await runWithMetadata({ correlationId: 'outer' }, async () => {
      await bus.publish(withMetadata(new Asked('one'), { correlationId: 'own' }));
      await bus.publish(new Asked('two'));
    });
    const stored = await collect(app.get(EventStore).readAll({ categories: ['$bus'] }));
    expect(stored.map(({ metadata }) => metadata.correlationId)).toEqual(['own', 'outer']);
    expect(seen).toEqual([new Asked('one'), new Asked('two')]);
  });
});
