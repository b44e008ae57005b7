import { getEventListeners } from 'node:events';
import { Waiters } from '../../../src/projection/progress/waiters.js';

const onTimeout = (): Error => new RangeError('too late');
const options = { timeoutMs: 10_000, signals: [], onTimeout };

describe('Waiters', () => {
  it('resolves those whose condition holds, and no others', async () => {
    const waiters = new Waiters();
    let isOver = false;
    const over = waiters.until(() => isOver, options);
    const never = waiters.until(() => false, options);
    waiters.settle();
    isOver = true;
    waiters.settle();
    await over;
    waiters.fail(new TypeError('closed'));
    await expect(never).rejects.toThrow('closed');
  });

  it('rejects with the error of the timeout', async () => {
    await expect(new Waiters().until(() => false, { ...options, timeoutMs: 1 })).rejects.toThrow('too late');
  });

  it('rejects with the reason of the first signal that aborts, and leaves no listener', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const signals = [first.signal, undefined, second.signal];
    const waiting = new Waiters().until(() => false, { ...options, signals });
    second.abort(new TypeError('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(getEventListeners(first.signal, 'abort')).toHaveLength(0);
    expect(getEventListeners(second.signal, 'abort')).toHaveLength(0);
  });
});
