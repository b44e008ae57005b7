import { positionOf } from '../../../src/event/position.js';
import { streamName } from '../../../src/event/stream-name.js';
import { ProjectionWaits, type WaitedProgress } from '../../../src/projection/progress/projection-waits.js';
import { FaultyProjectionStore } from '../faulty-projection-store.js';
import { OrderPlaced, orderLog, orderStream, sums } from '../orders.js';
import type { ProjectionLog } from '../projection-log.js';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

let log: ProjectionLog;
let progress: Writable<WaitedProgress>;
let waits: ProjectionWaits;

beforeEach(() => {
  log = orderLog();
  progress = {
    failure: () => undefined,
    hasReached: () => false,
    isLive: () => false,
    describe: () => 'it is idle',
    lag: () => ({ pending: 3, lagSeconds: 2 }),
    error: () => undefined,
  };
  waits = new ProjectionWaits(sums(new FaultyProjectionStore()), log, progress);
});

describe('ProjectionWaits', () => {
  it('resolves when the progress has changed and it is checked', async () => {
    let isLive = false;
    const waiting = waits.untilLive({}).then(() => (isLive = true));
    progress.isLive = () => true;
    expect(isLive).toBe(false);
    waits.settle();
    await waiting;
  });

  it('rejects at once while the projection does not run', async () => {
    const reason = new TypeError('stopped');
    progress.failure = () => reason;
    await expect(waits.untilLive({})).rejects.toBe(reason);
    await expect(waits.forPosition(positionOf(1, 0), {})).rejects.toBe(reason);
  });

  it('rejects those that wait when the projection fails', async () => {
    const waiting = waits.forPosition(positionOf(1, 0), {});
    const error = new TypeError('failed');
    waits.fail(error);
    await expect(waiting).rejects.toBe(error);
  });

  it('has the delay of the projection as cause of a timeout', async () => {
    const error = new TypeError('down');
    progress.error = () => error;
    await expect(waits.untilLive({ timeoutMs: 1 })).rejects.toMatchObject({
      code: 'wait-timeout',
      pending: 3,
      lagSeconds: 2,
      cause: error,
    });
  });

  it('refuses the position of a stream that the projection does not read, and waits for those it reads', async () => {
    await log.append(streamName('customer', '7'), [new OrderPlaced('ada')]);
    await log.append(orderStream, [new OrderPlaced('ada')]);
    await expect(waits.forPosition(positionOf(1, 0), {})).rejects.toThrow(
      'customer/7 is none of its streams',
    );
    const waiting = waits.forPosition(positionOf(2, 0), { timeoutMs: 200 });
    await expect(waiting).rejects.toMatchObject({ code: 'wait-timeout' });
  });

  it('refuses a position that is none', async () => {
    await expect(waits.forPosition('second' as never, {})).rejects.toMatchObject({ code: 'invalid-option' });
  });
});
