import { Backlog } from '../../src/jetstream/consume/backlog.js';

const keyOf = ([key = '']: string): string => key;

function filled(...items: string[]): Backlog<string> {
  const backlog = new Backlog({ keyOf });
  for (const item of items) backlog.add(item);
  return backlog;
}

describe('Backlog', () => {
  it('gives items in their order where there are no keys', () => {
    const backlog = new Backlog<number>();
    for (const item of [1, 2, 3]) backlog.add(item);
    expect([backlog.take(), backlog.take(), backlog.take(), backlog.take()]).toEqual([1, 2, 3, undefined]);
  });

  it('holds back the items of a key while one of them is being handled, and lets others past', () => {
    const backlog = filled('a1', 'a2', 'a3', 'b1');
    expect([backlog.take(), backlog.take(), backlog.take()]).toEqual(['a1', 'b1', undefined]);
    expect([backlog.ready, backlog.heldBack]).toEqual([0, 2]);
    backlog.add('a4');
    backlog.done('a1');
    expect([backlog.take(), backlog.take()]).toEqual(['a2', undefined]);
    backlog.done('b1');
    backlog.add('b2');
    expect(backlog.take()).toBe('b2');
    backlog.done('a2');
    expect(backlog.take()).toBe('a3');
    backlog.done('a3');
    expect(backlog.take()).toBe('a4');
    expect([...backlog]).toEqual([]);
  });

  it('returns the next item of a key before later ones, in any order of the calls', () => {
    const backlog = filled('a1', 'a2');
    backlog.take();
    backlog.take();
    backlog.add('a3');
    backlog.done('a1');
    backlog.add('b1');
    expect([backlog.take(), backlog.take(), backlog.take()]).toEqual(['a2', 'b1', undefined]);
  });

  it('lets an item without a key pass', () => {
    const backlog = new Backlog<string>({
      keyOf: () => {
        throw new TypeError('no key');
      },
    });
    backlog.add('a');
    backlog.add('b');
    expect([backlog.take(), backlog.take()]).toEqual(['a', 'b']);
    backlog.done('a');
  });

  it('returns all waiting items when it is cleared, and accepts new ones', () => {
    const backlog = filled('a1', 'a2', 'a3', 'b1', 'c1');
    backlog.take();
    backlog.take();
    backlog.done('a1');
    expect(new Set(backlog.clear())).toEqual(new Set(['a2', 'a3', 'c1']));
    expect([backlog.ready, backlog.heldBack]).toEqual([0, 0]);
    for (const item of ['a4', 'b2', 'c2']) backlog.add(item);
    expect([backlog.take(), backlog.take(), backlog.take()]).toEqual(['a4', 'c2', undefined]);
    backlog.done('b1');
    expect(backlog.take()).toBe('b2');
  });

  it('gives an item its turn again before others, with its key still taken', () => {
    const backlog = filled('a1', 'a2', 'b1', 'c1');
    expect([backlog.take(), backlog.take()]).toEqual(['a1', 'b1']);
    backlog.again('a1');
    expect([backlog.take(), backlog.take(), backlog.take()]).toEqual(['a1', 'c1', undefined]);
    backlog.done('a1');
    expect(backlog.takeAgain()).toBeUndefined();
    expect(backlog.take()).toBe('a2');
  });

  it('takes back what waits for a turn only, and never an item after one of its key that stays', () => {
    const backlog = filled('a1', 'a2', 'b1', 'b2');
    expect([backlog.take(), backlog.take()]).toEqual(['a1', 'b1']);
    backlog.done('b1');
    for (const item of ['a3', 'b3', 'c1', 'c2']) backlog.add(item);
    expect(backlog.takeBack()).toEqual(['b2', 'b3', 'c1', 'c2']);
    expect([backlog.ready, backlog.heldBack]).toEqual([0, 2]);
    for (const item of ['b2', 'a4']) backlog.add(item);
    expect([backlog.take(), backlog.take()]).toEqual(['b2', undefined]);
    backlog.done('a1');
    expect([backlog.take(), backlog.take()]).toEqual(['a2', undefined]);
  });

  it('tells of each item that it holds back', () => {
    const told: string[] = [];
    const backlog = new Backlog<string>({ keyOf, onHeldBack: (item) => told.push(item) });
    for (const item of ['a1', 'a2', 'b1']) backlog.add(item);
    while (backlog.take() !== undefined);
    expect(told).toEqual(['a2']);
  });
});
