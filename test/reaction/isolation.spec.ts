import { jest } from '@jest/globals';
import { Isolation, IsolationScope } from '../../src/reaction/delivery/isolation.js';

const LONGEST_MS = 10_000;

/** Work that ends on request. */
function work(name: string, seen: string[]): { run: () => Promise<void>; end: () => void } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const run = async (): Promise<void> => {
    seen.push(`begin ${name}`);
    await ended;
    seen.push(`end ${name}`);
  };
  return { run, end: () => end() };
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

async function passed(ms = 0): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
}

describe('work that runs alone', () => {
  it('waits for what runs, and others wait for it', async () => {
    const isolation = new Isolation(new IsolationScope());
    const seen: string[] = [];
    const [first, alone, later] = [work('first', seen), work('alone', seen), work('later', seen)];
    void isolation.shared(first.run);
    void isolation.alone(alone.run);
    await passed();
    void isolation.shared(later.run);
    await passed();
    expect(seen).toEqual(['begin first']);
    first.end();
    await passed();
    expect(seen).toEqual(['begin first', 'end first', 'begin alone']);
    alone.end();
    await passed();
    expect(seen.at(-1)).toBe('begin later');
  });

  it('excludes work of other handlers that runs alone, and no other work of theirs', async () => {
    const scope = new IsolationScope();
    const [mail, audit] = [new Isolation(scope), new Isolation(scope)];
    const seen: string[] = [];
    const [one, other, shared] = [work('one', seen), work('other', seen), work('shared', seen)];
    void mail.alone(one.run);
    void audit.alone(other.run);
    void audit.shared(shared.run);
    await passed();
    expect(seen).toEqual(['begin shared', 'begin one']);
    one.end();
    shared.end();
    await passed();
    expect(seen.at(-1)).toBe('begin other');
  });

  it('is alone no more after 10 s, so that it does not stop its handler', async () => {
    const isolation = new Isolation(new IsolationScope());
    const seen: string[] = [];
    const [hanging, second, third] = [work('hanging', seen), work('second', seen), work('third', seen)];
    void isolation.alone(hanging.run);
    await passed();
    void isolation.shared(second.run);
    await passed(LONGEST_MS - 1);
    expect(seen).toEqual(['begin hanging']);
    await passed(1);
    expect(seen).toEqual(['begin hanging', 'begin second']);
    void isolation.shared(third.run);
    await passed();
    expect(seen.at(-1)).toBe('begin third');
  });

  it('does not wait for longer than 10 s for work that does not end', async () => {
    const isolation = new Isolation(new IsolationScope());
    const seen: string[] = [];
    void isolation.shared(work('hanging', seen).run);
    void isolation.alone(work('alone', seen).run);
    await passed(LONGEST_MS);
    expect(seen).toEqual(['begin hanging', 'begin alone']);
  });
});
