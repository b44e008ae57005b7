import { positionOf } from '../../../src/event/position.js';
import { CurrentRebuild } from '../../../src/projection/rebuild/current-rebuild.js';
import { Rebuild } from '../../../src/projection/rebuild/rebuild.js';
import { orderLog, orderStream, OrderPlaced } from '../orders.js';
import type { StoredCommit } from '../../../src/event/commit.js';

const replaced = new TypeError('replaced');

async function commitOf(events: number): Promise<StoredCommit> {
  const log = orderLog();
  await log.append(
    orderStream,
    Array.from({ length: events }, () => new OrderPlaced('ada')),
  );
  return (await log.commitAt(1)) as StoredCommit;
}

describe('CurrentRebuild', () => {
  it('counts replayed events, and resolves with the totals when it is complete', async () => {
    const current = new CurrentRebuild();
    const seen: [number, number, string][] = [];
    const rebuild = new Rebuild(
      ({ events, commits, position }) => void seen.push([events, commits, position]),
    );
    current.replace(rebuild, replaced);
    current.advance(positionOf(1, 1), [await commitOf(2)]);
    current.advance(positionOf(4, 0), [await commitOf(1), await commitOf(3)]);
    current.complete();
    expect(seen).toEqual([
      [2, 1, '1.1'],
      [6, 3, '4.0'],
    ]);
    expect(await rebuild.result(undefined)).toMatchObject({ events: 6, commits: 3 });
  });

  it('fails the one that another takes the place of, and then follows the other', async () => {
    const current = new CurrentRebuild();
    const [first, second] = [new Rebuild(), new Rebuild()];
    current.replace(first, replaced);
    current.replace(second, replaced);
    current.complete();
    await expect(first.result(undefined)).rejects.toBe(replaced);
    expect(await second.result(undefined)).toMatchObject({ events: 0, commits: 0 });
  });

  it('forgets one that has ended: live commits are not counted, and a later failure does not matter', async () => {
    const current = new CurrentRebuild();
    let calls = 0;
    const rebuild = new Rebuild(() => void (calls += 1));
    current.replace(rebuild, replaced);
    current.complete();
    current.advance(positionOf(1, 0), [await commitOf(1)]);
    current.fail(new TypeError('stopped'));
    expect(calls).toBe(0);
    expect(await rebuild.result(undefined)).toMatchObject({ events: 0 });
  });

  it('passes on an error of onProgress, and lets the rebuild continue', async () => {
    const current = new CurrentRebuild();
    const rebuild = new Rebuild(() => {
      throw new TypeError('listener');
    });
    current.replace(rebuild, replaced);
    const commit = await commitOf(1);
    expect(() => current.advance(positionOf(1, 0), [commit])).toThrow('listener');
    current.complete();
    expect(await rebuild.result(undefined)).toMatchObject({ events: 1 });
  });

  it('does not wait beyond the signal of its caller', async () => {
    const signal = AbortSignal.abort(new TypeError('gone'));
    await expect(new Rebuild().result(signal)).rejects.toThrow('gone');
  });
});
