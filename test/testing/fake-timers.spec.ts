import { currentMetadata, runWithMetadata } from '../../src/event/metadata-context.js';
import type { DueTimer } from '../../src/reaction/timers/timers.js';
import { Timers } from '../../src/reaction/timers/timers.js';
import { fakeTimers } from '../../src/testing/fake-timers.js';

const now = new Date('2026-01-01T00:00:00Z');
const command = { name: 'CancelOrder', data: { order: '42' } };

describe('fakeTimers', () => {
  it('carries out timers in the order of their times, with the clock at each time', async () => {
    const seen: string[] = [];
    const timers = fakeTimers({ now, onDue: ({ id }) => seen.push(`${id} ${timers.now.toISOString()}`) });
    await timers.schedule(command, { in: '3 days', id: 'later' });
    await timers.schedule(command, { at: new Date('2026-01-01T00:00:10Z'), id: 'soon' });
    await timers.schedule(command, { at: new Date(0), id: 'past' });
    await timers.schedule(command, { in: '2h 30m', id: 'between' });
    expect(timers.waiting.map(({ id }) => id)).toEqual(['past', 'soon', 'between', 'later']);
    const done = await timers.advance('1 day');
    expect(done.map(({ id }) => id)).toEqual(['past', 'soon', 'between']);
    await timers.advance('2 days');
    expect(seen).toEqual([
      'past 2026-01-01T00:00:00.000Z',
      'soon 2026-01-01T00:00:10.000Z',
      'between 2026-01-01T02:30:00.000Z',
      'later 2026-01-04T00:00:00.000Z',
    ]);
    expect(timers.waiting).toEqual([]);
    expect(await timers.advance('1w')).toEqual([]);
  });

  it('does not carry out what is due a millisecond later', async () => {
    const timers = fakeTimers({ now });
    await timers.schedule(command, { in: 1_000, id: 'a' });
    expect(await timers.advance(999)).toEqual([]);
    expect(await timers.advance(1)).toMatchObject([{ id: 'a', command }]);
  });

  it('carries out what is scheduled meanwhile, and replaces and cancels', async () => {
    const seen: string[] = [];
    const onDue = async ({ id, command: { name } }: DueTimer): Promise<void> => {
      seen.push(`${id} ${name}`);
      if (seen.length < 3) await timers.schedule({ name: `Again${seen.length}`, data: {} }, { in: '1h', id });
    };
    const timers = fakeTimers({ now, onDue });
    await timers.schedule(command, { in: '5m', id: 'a' });
    await timers.schedule({ name: 'Other', data: {} }, { in: '10m', id: 'a' });
    await timers.schedule(command, { in: '10m', id: 'b' });
    expect(await timers.cancel('b')).toBe(true);
    expect(await timers.cancel('b')).toBe(false);
    await timers.advance('1 day');
    expect(seen).toEqual(['a Other', 'a Again1', 'a Again2']);
  });

  it('a repeated command id changes nothing, also after the timer was carried out', async () => {
    const timers = fakeTimers({ now });
    const first = await timers.schedule(command, { in: '1h', id: 'a', commandId: 'one' });
    expect(await timers.schedule(command, { in: '2h', id: 'a', commandId: 'one' })).toEqual(first);
    await timers.advance('1h');
    expect(await timers.schedule(command, { in: '2h', id: 'a', commandId: 'one' })).toEqual(first);
    expect(await timers.find('a')).toBeUndefined();
  });

  it('hands on what the handler throws, and the timer waits still', async () => {
    let isBroken = true;
    const onDue = (): void => {
      if (isBroken) throw new Error('no');
    };
    const timers = fakeTimers({ now, onDue });
    await timers.schedule(command, { in: '1h', id: 'a' });
    await expect(timers.advance('2h')).rejects.toThrow('no');
    expect(timers.now).toEqual(new Date('2026-01-01T01:00:00Z'));
    isBroken = false;
    expect(await timers.advance('1s')).toMatchObject([{ id: 'a' }]);
  });

  it('runs the handler in the context of who scheduled the timer', async () => {
    const seen: unknown[] = [];
    const onDue = ({ eventId, metadata }: DueTimer): void => {
      seen.push([currentMetadata(), eventId, metadata.correlationId]);
    };
    const timers = fakeTimers({ now, onDue });
    await runWithMetadata({ correlationId: 'request-1' }, async () =>
      timers.schedule(command, { in: 0, id: 'a' }),
    );
    await timers.advance(0);
    expect(seen).toEqual([
      [{ correlationId: 'request-1', causationId: 'fake-1/0' }, 'fake-1/0', 'request-1'],
    ]);
  });

  it('is a Timers, and refuses what the real ones refuse', async () => {
    const timers = fakeTimers();
    expect(timers).toBeInstanceOf(Timers);
    await timers.start();
    expect(timers.status.state).toBe('running');
    await expect(timers.schedule(command, { in: '3 fortnights', id: 'a' })).rejects.toThrow("'3 days'");
    await expect(timers.schedule(command, { in: 1, id: '' })).rejects.toThrow('must not be empty');
    await expect(timers.schedule({ name: 'X', data: { n: Number.NaN } }, { in: 1, id: 'a' })).rejects.toThrow(
      'command.data.n is NaN',
    );
    await expect(timers.advance('yesterday')).rejects.toThrow('by must be');
    expect(() => fakeTimers({ clock: now } as never)).toThrow('clock');
    expect(() => fakeTimers({ now: 'today' } as never)).toThrow('now must be a valid Date');
    await timers.stop();
    expect(timers.status.state).toBe('stopped');
  });
});
