import { getEventListeners } from 'node:events';
import { TimeoutWheel } from '../../src/kernel/timeout-wheel.js';
import { type Timer, Wakeup } from '../../src/kernel/wakeup.js';

/** A timer that fires on request, and knows how many are set. */
class ManualTimer implements Timer {
  readonly set = new Map<() => void, number>();
  cancelled = 0;

  after(ms: number, action: () => void): () => void {
    this.set.set(action, ms);
    return () => {
      this.cancelled += 1;
      this.set.delete(action);
    };
  }

  goOff(): void {
    for (const action of [...this.set.keys()]) action();
  }
}

describe('a wait', () => {
  it('ends for all waiting callers when it is woken', async () => {
    const wakeup = new Wakeup();
    const both = Promise.all([wakeup.wait(), wakeup.wait({ timeoutMs: 60_000 })]);
    wakeup.wake();
    expect(await both).toEqual(['woken', 'woken']);
  });

  it('is not ended by a wake that came before it', async () => {
    const timer = new ManualTimer();
    const wakeup = new Wakeup(timer);
    wakeup.wake();
    const waiting = wakeup.wait({ timeoutMs: 5 });
    timer.goOff();
    expect(await waiting).toBe('timeout');
  });

  it('ends by its own timeout only', async () => {
    const timer = new ManualTimer();
    const wakeup = new Wakeup(timer);
    const short = wakeup.wait({ timeoutMs: 5 });
    const long = wakeup.wait();
    expect([...timer.set.values()]).toEqual([5]);
    timer.goOff();
    expect(await short).toBe('timeout');
    wakeup.wake();
    expect(await long).toBe('woken');
  });

  it('ends when its signal aborts, and at once when it has aborted already', async () => {
    const wakeup = new Wakeup();
    const controller = new AbortController();
    const waiting = wakeup.wait({ signal: controller.signal });
    controller.abort();
    expect(await waiting).toBe('aborted');
    expect(await wakeup.wait({ signal: controller.signal })).toBe('aborted');
  });

  it.each<[string, (wakeup: Wakeup, timer: ManualTimer, controller: AbortController) => void]>([
    ['woken', (wakeup) => wakeup.wake()],
    ['timeout', (_wakeup, timer) => timer.goOff()],
    ['aborted', (_wakeup, _timer, controller) => controller.abort()],
  ])('that ended (%s) leaves no timer and no listener, and is not woken again', async (end, make) => {
    const timer = new ManualTimer();
    const wakeup = new Wakeup(timer);
    const controller = new AbortController();
    const waiting = wakeup.wait({ timeoutMs: 5, signal: controller.signal });
    expect(timer.set.size).toBe(1);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    make(wakeup, timer, controller);
    expect(await waiting).toBe(end);
    wakeup.wake();
    expect(timer.cancelled).toBe(1);
    expect(timer.set.size).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('takes its timeout from a given wheel, or from Node', async () => {
    expect(await new Wakeup(new TimeoutWheel()).wait({ timeoutMs: 1 })).toBe('timeout');
    expect(await new Wakeup().wait({ timeoutMs: 1 })).toBe('timeout');
  });

  it('with a timeout longer than timers of Node does not end at once', async () => {
    const wakeup = new Wakeup();
    const waiting = wakeup.wait({ timeoutMs: 2 ** 40 });
    // a timer of Node that is set too far ahead goes off after 1 ms: before one of 1 ms that is set later
    await new Wakeup().wait({ timeoutMs: 1 });
    wakeup.wake();
    expect(await waiting).toBe('woken');
  });
});
