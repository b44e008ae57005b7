import { getEventListeners } from 'node:events';
import { abortable } from '../../src/kernel/abortable.js';
import { guardedObserver } from '../../src/kernel/guarded-observer.js';
import { onAbort } from '../../src/kernel/on-abort.js';
import { sleep } from '../../src/kernel/sleep.js';
import { Wakeup } from '../../src/kernel/wakeup.js';

describe('waiting for a signal', () => {
  it('costs one listener, however many calls wait, and none when they have ended', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const wakeup = new Wakeup();
    const waits = Array.from({ length: 20 }, () => [
      wakeup.wait({ signal }),
      sleep(60_000, signal).catch(() => 'slept'),
      abortable(new Promise(() => undefined), [signal]).catch(() => 'given up'),
    ]).flat();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort();
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['aborted', 'slept', 'given up']));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('can be given up, and leaves the others', () => {
    const controller = new AbortController();
    const told: string[] = [];
    const giveUp = onAbort(controller.signal, () => told.push('one'));
    onAbort(controller.signal, () => told.push('two'));
    giveUp();
    giveUp();
    controller.abort();
    expect(told).toEqual(['two']);
  });
});

describe('an observer', () => {
  it('reaches nobody with what it throws or rejects with', async () => {
    const errors: unknown[] = [];
    const report = (error: unknown): void => void errors.push(error);
    guardedObserver(
      'onWarning',
      () => {
        throw 'thrown';
      },
      report,
    )();
    guardedObserver('onWarning', async () => Promise.reject(new TypeError('rejected')), report)();
    await sleep(0);
    expect(errors).toEqual(['thrown', new TypeError('rejected')]);
  });
});
