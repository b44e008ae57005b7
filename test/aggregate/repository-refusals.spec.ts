import { AggregateRoot } from '@nestjs/cqrs';
import { type Repository, repository } from '../../src/aggregate/repository.js';
import { inMemorySnapshots } from '../../src/aggregate/snapshot/in-memory-snapshot-store.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { rejection } from '../support/collect.js';
import { account, ACCOUNT_EVENTS } from './account.js';
import { Order, ORDER_EVENTS } from './order.js';

const store = inMemoryEventStore({ events: [...ACCOUNT_EVENTS, ...ORDER_EVENTS] });

/** As a caller without types calls it. */
function makeRepository(kind: unknown, options?: object): unknown {
  return repository(store, kind as typeof account, options as { category: string });
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

class Undecorated extends AggregateRoot {}

describe('repository()', () => {
  it.each<[string, unknown, string]>([
    ['an arrow function', () => undefined, 'is no class; give a class with getUncommittedEvents()'],
    ['undefined', undefined, 'undefined is no aggregate (an import in a circle'],
    ['a text', 'order', '"order" is no aggregate'],
    ['null', null, 'null is no aggregate'],
    ['a decider without decide', { ...account, decide: undefined }, 'has no decide;'],
    ['a decider without evolve', { ...account, evolve: 'later' }, 'has no evolve;'],
    ['an object that is no decider', {}, 'has no initialState, decide, evolve;'],
  ])('refuses %s, and says what is expected', (_, kind, message) => {
    const error = thrownBy(() => makeRepository(kind, { category: 'account' }));
    expect(error).toMatchObject({ code: 'invalid-aggregate' });
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toContain('a decider { initialState, decide, evolve }');
  });

  it('refuses a class without the methods of an aggregate when its first instance is made', async () => {
    const plain = makeRepository(class Plain {}, { category: 'plain' }) as Repository<Order>;
    const error = await rejection(plain.find('1'));
    expect(error).toMatchObject({ code: 'invalid-aggregate' });
    expect((error as Error).message).toContain(
      'Plain has no getUncommittedEvents, loadFromHistory, uncommit;',
    );
  });

  it('refuses a class that is not decorated, and a decider, without a category', () => {
    expect(thrownBy(() => makeRepository(Undecorated))).toMatchObject({
      code: 'missing-category',
      aggregate: 'Undecorated',
    });
    expect(thrownBy(() => makeRepository(account))).toMatchObject({
      code: 'missing-category',
      aggregate: 'a decider',
    });
    expect(thrownBy(() => makeRepository(account, {}))).toMatchObject({ code: 'missing-category' });
  });

  it.each<[string, object | null, string]>([
    ['null as options', null, 'options'],
    ['a misspelt category', { categry: 'account' }, 'categry'],
    ['a cache that is no object', { category: 'a', cache: true }, 'cache'],
    ['a warning that cannot be called', { category: 'a', onWarning: 'log' }, 'onWarning'],
    ['a retry condition that cannot be called', { category: 'a', retryWhen: true }, 'retryWhen'],
    ['snapshots without a store', { category: 'a', snapshots: {} }, 'snapshots.store'],
    [
      'misspelt snapshot options',
      { category: 'a', snapshots: { store: inMemorySnapshots(), evry: 1 } },
      'snapshots.evry',
    ],
    ['half a codec', { category: 'a', snapshotCodec: { toSnapshot: () => 1 } }, 'snapshotCodec'],
    ['middleware that is no list', { category: 'a', middleware: {} }, 'middleware'],
    ['an undefined middleware', { category: 'a', middleware: [undefined] }, 'middleware[0]'],
    ['a misspelt middleware', { category: 'a', middleware: [{ comand: () => 1 }] }, 'middleware[0].comand'],
    ['a middleware that cannot be called', { category: 'a', middleware: [{ command: 1 }] }, 'command'],
  ])('refuses %s by name', (_, options, option) => {
    expect(thrownBy(() => makeRepository(account, options as object))).toMatchObject({
      code: 'invalid-option',
      option,
    });
  });

  it('refuses a misspelt value of unhandledEvents', () => {
    expect(thrownBy(() => makeRepository(Order, { unhandledEvents: 'fial' }))).toMatchObject({
      code: 'invalid-option',
      option: 'unhandledEvents',
    });
  });

  it('lists the options that exist when one does not', () => {
    const error = thrownBy(() => makeRepository(Order, { snapshot: {} }));
    expect((error as Error).message).toContain('snapshots, middleware');
  });
});
