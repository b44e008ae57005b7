import { Injectable, Scope } from '@nestjs/common';
import {
  CommandHandler,
  EventBus,
  type IEvent,
  InvalidSagaException,
  ofType,
  Saga,
  UnhandledExceptionBus,
  UnsupportedSagaScopeException,
} from '@nestjs/cqrs';
import { currentMetadata, Event, EventStore, Reactors } from 'jetsource';
import { untilHandled } from 'jetsource/testing';
import { concatMap, delay, map, type Observable, of } from 'rxjs';
import { until } from '../../support/collect.js';
import { closeBusApps, startBusApp } from './bus-app.js';

@Event('Killed')
class Killed {
  constructor(readonly dragon: string) {}
}

class Reward {
  constructor(readonly dragon: string) {}

  get label(): string {
    return `reward for ${this.dragon}`;
  }
}

class Unhandled {}

class Dated {
  constructor(readonly at: Date) {}
}

@CommandHandler(Dated)
class DatedHandler {
  execute(): void {}
}

@Injectable()
class Rewards {
  readonly calls: { readonly command: Reward; readonly causationId: string | undefined }[] = [];
  fail: (command: Reward) => boolean = () => false;
}

@CommandHandler(Reward)
class RewardHandler {
  constructor(private readonly rewards: Rewards) {}

  async execute(command: Reward): Promise<void> {
    if (this.rewards.fail(command)) throw new Error('no gold');
    this.rewards.calls.push({ command, causationId: currentMetadata().causationId });
  }
}

@Injectable()
class Sagas {
  @Saga()
  killed = (events: Observable<IEvent>): Observable<object> =>
    events.pipe(
      ofType(Killed),
      concatMap(({ dragon }) => (dragon === 'none' ? of(undefined, null) : of(new Reward(dragon)))),
    ) as Observable<object>;
}

@Injectable()
class FailingSagas {
  @Saga()
  fragile(events: Observable<IEvent>): Observable<object> {
    return events.pipe(
      ofType(Killed),
      map(({ dragon }) => {
        if (dragon === 'bad') throw new Error('bad dragon');
        return new Reward(dragon);
      }),
    );
  }
}

@Injectable()
class LateSagas {
  @Saga()
  late = (events: Observable<IEvent>): Observable<object> =>
    events.pipe(
      ofType(Killed),
      delay(10),
      map(({ dragon }) => new Reward(dragon)),
    );
}

@Injectable()
class NoSagas {
  @Saga()
  none = (): unknown => undefined;
}

@Injectable({ scope: Scope.REQUEST })
class ScopedSagas {
  @Saga()
  scoped = (events: Observable<IEvent>): Observable<object> => events as Observable<object>;
}

const events = [Killed];

afterEach(closeBusApps);

describe('sagas', () => {
  it('store the commands that an event leads to, which are executed as instances of their classes', async () => {
    const { app } = await startBusApp({ events }, { providers: [Rewards, RewardHandler, Sagas] });
    await app.get(EventBus).publishAll([new Killed('none'), new Killed('smok')]);
    const { calls } = app.get(Rewards);
    await until('it is handled', () => calls.length === 1);
    expect(calls[0]?.command.label).toBe('reward for smok');
    expect(calls[0]?.command).toBeInstanceOf(Reward);
    // the command is caused by its intent
    const stored = [];
    for await (const event of app.get(EventStore).readAll({ categories: ['$saga'] })) stored.push(event);
    expect(stored.map(({ id }) => id)).toEqual([calls[0]?.causationId]);
  });

  it('execute a command that was stored before a restart', async () => {
    const first = await startBusApp(
      // it is not parked meanwhile
      { events, reactions: { maxAttempts: Infinity } },
      { providers: [Rewards, RewardHandler, Sagas] },
    );
    first.app.get(Rewards).fail = () => true;
    await first.app.get(EventBus).publish(new Killed('smok'));
    const store = first.app.get(EventStore);
    await until('a command is stored', async () => {
      for await (const _ of store.readAll({ categories: ['$saga'] })) return true;
      return false;
    });
    await first.app.close();
    const second = await startBusApp(
      { events, name: first.store },
      { providers: [Rewards, RewardHandler, Sagas] },
    );
    await until('it is handled', () => second.app.get(Rewards).calls.length > 0);
    expect(second.app.get(Rewards).calls.map(({ command }) => command)).toEqual([new Reward('smok')]);
  });

  it('begin again after an error; the event is tried again, then parked, and others go on', async () => {
    const { app } = await startBusApp(
      { events, reactions: { maxAttempts: 2 } },
      { providers: [Rewards, RewardHandler, FailingSagas] },
    );
    const failures: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe(({ cause, exception }) => failures.push([cause, exception]));
    await app.get(EventBus).publishAll([new Killed('bad'), new Killed('smok')]);
    await until('it is handled', () => app.get(Rewards).calls.length === 1);
    expect(failures).toEqual([
      ['fragile', new Error('bad dragon')],
      ['fragile', new Error('bad dragon')],
    ]);
  });

  it('tell UnhandledExceptionBus of a command that fails, with the command', async () => {
    const { app } = await startBusApp(
      { events, reactions: { maxAttempts: 2 } },
      { providers: [Rewards, RewardHandler, Sagas] },
    );
    const causes: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe(({ cause }) => causes.push(cause));
    let left = 1;
    app.get(Rewards).fail = () => (left -= 1) >= 0;
    await app.get(EventBus).publish(new Killed('smok'));
    await until('it is handled', () => app.get(Rewards).calls.length === 1);
    expect(causes).toEqual([new Reward('smok')]);
  });

  it('execute at once, and once at most, what comes later than its event', async () => {
    const { app } = await startBusApp({ events }, { providers: [Rewards, RewardHandler, LateSagas] });
    await app.get(EventBus).publish(new Killed('smok'));
    const { calls } = app.get(Rewards);
    await until('it is handled', () => calls.length > 0);
    expect(calls.map(({ command }) => command)).toEqual([new Reward('smok')]);
  });

  it.each([
    ['has no handler', new Unhandled(), /Unhandled cannot be stored: no @CommandHandler has its class/],
    ['holds a Date', new Dated(new Date(0)), /Dated.at is a Date/],
  ])('park an event whose command %s, and say so', async (_, command, reason) => {
    @Injectable()
    class WrongSagas {
      @Saga()
      wrong = (events: Observable<IEvent>): Observable<object> => events.pipe(map(() => command));
    }
    const { app, logged } = await startBusApp(
      { events, reactions: { maxAttempts: 2 } },
      { providers: [Rewards, RewardHandler, DatedHandler, WrongSagas] },
    );
    const failures: unknown[] = [];
    app.get(UnhandledExceptionBus).subscribe(({ cause }) => failures.push(cause));
    await app.get(EventBus).publish(new Killed('smok'));
    await until('all attempts have failed', () => failures.length === 2);
    expect(failures).toEqual([command, command]);
    expect(logged.lines.join('\n')).toMatch(reason);
    expect(logged.lines.join('\n')).toMatch(/saga wrong/);
  });

  it('end the start when two of their command classes have one name', async () => {
    const Reward2 = (() => class Reward {})();
    @CommandHandler(Reward2)
    class OtherHandler {
      execute(): void {}
    }
    const providers = [Rewards, RewardHandler, OtherHandler, Sagas];
    await expect(startBusApp({ events }, { providers })).rejects.toThrow(
      /two command classes are named Reward; .* option commands/,
    );
    const commands = { 'other-reward': Reward2 };
    await expect(startBusApp({ events, commands }, { providers })).resolves.toBeDefined();
  });

  it('of two services on one store have their commands executed by their own service', async () => {
    const providers = [Rewards, RewardHandler, Sagas];
    const one = await startBusApp({ events, service: 'one' }, { providers });
    const other = await startBusApp({ events, service: 'other', name: one.store }, { providers });
    await one.app.get(EventBus).publish(new Killed('smok'));
    for (const { app } of [one, other]) await untilHandled(app.get(EventStore), app.get(Reactors));
    const calls = [one, other].map(({ app }) => app.get(Rewards).calls.map(({ command }) => command));
    expect(calls).toEqual([[new Reward('smok')], [new Reward('smok')]]);
  });

  it('that are none end the start, as in @nestjs/cqrs', async () => {
    await expect(startBusApp({ events }, { providers: [NoSagas] })).rejects.toThrow(InvalidSagaException);
    await expect(startBusApp({ events }, { providers: [ScopedSagas] })).rejects.toThrow(
      UnsupportedSagaScopeException,
    );
  });
});
