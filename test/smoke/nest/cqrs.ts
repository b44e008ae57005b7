// The durable event bus on the installed version of Nest: an aggregate, a handler that fails once, a handler from a
// factory and one that is scoped to requests, a saga and its command, and the end while a handler runs.
import { strict as assert } from 'node:assert';
import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import {
  AggregateRoot,
  CommandBus,
  CommandHandler,
  EventBus,
  EventsHandler,
  type IEvent,
  ofType,
  Saga,
  UnhandledExceptionBus,
} from '@nestjs/cqrs';
import { Event, EventSourced, type RecordedEvent } from 'jetsource';
import { DurableEventBus, DurableEventPublisher, JetsourceCqrsModule, Reactor } from 'jetsource/cqrs';
import { map, type Observable } from 'rxjs';

@Event('DragonKilled')
class DragonKilled {
  constructor(readonly dragon: string) {}
}

@Event('Ended')
class Ended {}

class KillDragon {
  constructor(readonly dragon: string) {}
}

class Reward {
  constructor(readonly dragon: string) {}
}

@EventSourced('hero')
class Hero extends AggregateRoot {
  constructor(readonly id: string) {
    super();
  }

  kill(dragon: string): void {
    this.apply(new DragonKilled(dragon));
  }
}

@Injectable()
class Seen {
  readonly lines: string[] = [];
}

@CommandHandler(KillDragon)
class KillDragonHandler {
  constructor(private readonly publisher: DurableEventPublisher) {}

  async execute({ dragon }: KillDragon): Promise<void> {
    const hero = this.publisher.mergeObjectContext(new Hero('anna'));
    hero.kill(dragon);
    await hero.commit();
  }
}

@CommandHandler(Reward)
class RewardHandler {
  constructor(private readonly seen: Seen) {}

  async execute(command: Reward): Promise<void> {
    this.seen.lines.push(`reward ${command.dragon} ${command instanceof Reward}`);
  }
}

@Reactor({ name: 'chronicle', backoffMs: [10] })
@EventsHandler(DragonKilled)
class Chronicle {
  private attempts = 0;

  constructor(private readonly seen: Seen) {}

  async handle(event: DragonKilled): Promise<void> {
    this.attempts += 1;
    if (this.attempts === 1) throw new Error('not yet');
    this.seen.lines.push(`chronicle ${event.dragon} ${event instanceof DragonKilled}`);
  }
}

@Reactor({ name: 'made' })
@EventsHandler(DragonKilled)
class Made {
  constructor(private readonly seen: Seen) {}

  handle({ dragon }: DragonKilled): void {
    this.seen.lines.push(`made ${dragon}`);
  }
}

@Reactor({ name: 'scoped' })
@EventsHandler(DragonKilled, { scope: Scope.REQUEST })
class Scoped {
  constructor(
    @Inject(REQUEST) private readonly request: RecordedEvent,
    private readonly seen: Seen,
  ) {}

  handle({ dragon }: DragonKilled): void {
    this.seen.lines.push(`scoped ${dragon} ${this.request.stream.toString()}`);
  }
}

@Reactor({ name: 'ending' })
@EventsHandler(Ended)
class Ending {
  static lines: string[] = [];

  async handle(): Promise<void> {
    Ending.lines.push('begun');
    await new Promise((resolve) => setTimeout(resolve, 50));
    Ending.lines.push('ended');
  }

  onModuleDestroy(): void {
    Ending.lines.push('destroyed');
  }
}

@Injectable()
class Sagas {
  @Saga()
  killed = (events: Observable<IEvent>): Observable<Reward> =>
    events.pipe(
      ofType(DragonKilled),
      map(({ dragon }) => new Reward(dragon)),
    );
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    assert.ok(tries < 500, 'timed out');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs an application on that server. */
export async function cqrs(servers: string): Promise<void> {
  @Module({
    imports: [JetsourceCqrsModule.forRoot({ servers, name: 'smoke-heroes', events: [DragonKilled, Ended] })],
    providers: [
      Seen,
      KillDragonHandler,
      RewardHandler,
      Chronicle,
      { provide: 'made', inject: [Seen], useFactory: (seen: Seen) => new Made(seen) },
      Scoped,
      Ending,
      Sagas,
    ],
  })
  class HeroModule {}

  const app = await NestFactory.create(HeroModule, { logger: ['fatal'] });
  await app.init();
  const failures: unknown[] = [];
  app.get(UnhandledExceptionBus).subscribe(({ cause }) => failures.push(cause));
  await app.get(CommandBus).execute(new KillDragon('smok'));
  const { lines } = app.get(Seen);
  await until(() => lines.length === 4);
  assert.deepEqual(lines.toSorted(), [
    'chronicle smok true',
    'made smok',
    'reward smok true',
    'scoped smok hero/anna',
  ]);
  assert.deepEqual(failures, [new DragonKilled('smok')]);

  assert.equal(app.get(EventBus), app.get(DurableEventBus));
  await app.get(EventBus).publish(new Ended());
  await until(() => Ending.lines.length === 1);
  await app.close();
  assert.deepEqual(Ending.lines, ['begun', 'ended', 'destroyed']);
}
