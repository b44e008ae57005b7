import { LifeSigns, type WatchedLine } from '../../src/jetstream/connection/life-signs.js';
import { TestClock } from '../support/in-memory-nats/test-clock.js';

/** A line in hand. */
class Line implements WatchedLine {
  received: number | undefined = 0;
  isSending = false;
  isUnanswered = false;
  hasOthers = false;
  answersPings = true;
  pings = 0;
  left = 0;

  async ping(): Promise<unknown> {
    this.pings += 1;
    return this.answersPings ? undefined : new Promise(() => undefined);
  }

  leave(): void {
    this.left += 1;
  }
}

let clock: TestClock;
let line: Line;
let signs: LifeSigns | undefined;

beforeEach(() => {
  clock = new TestClock();
  line = new Line();
});

afterEach(() => {
  signs?.stop();
  clock.restore();
});

function watch(options?: ConstructorParameters<typeof LifeSigns>[1]): void {
  signs = new LifeSigns(line, options);
}

describe('the signs of life of a connection', () => {
  it('are asked for where nothing comes by itself', async () => {
    watch();
    await clock.pass(10_000);
    expect(line.pings).toBeGreaterThan(4);
    expect(line.left).toBe(0);
  });

  it('that are missing for more than 3 s end it, within 5 s', async () => {
    watch();
    await clock.pass(3_000);
    line.answersPings = false;
    await clock.pass(2_000);
    expect(line.left).toBe(0);
    await clock.pass(3_000);
    expect(line.left).toBe(1);
  });

  it('are whatever arrives, also on a line so slow that no pong comes', async () => {
    watch();
    line.answersPings = false;
    for (let second = 0; second < 20; second += 1) {
      line.received = second;
      await clock.pass(1_000);
    }
    expect(line.left).toBe(0);
  });

  it('are what leaves slowly', async () => {
    watch();
    line.answersPings = false;
    line.isSending = true;
    await clock.pass(20_000);
    expect(line.left).toBe(0);
    line.isSending = false;
    await clock.pass(5_000);
    expect(line.left).toBe(1);
  });

  it('are not looked for without a connection', async () => {
    watch();
    line.answersPings = false;
    line.received = undefined;
    await clock.pass(20_000);
    expect(line).toMatchObject({ left: 0, pings: 0 });
  });

  it('are asked for as often as the caller says, and as many may be missed', async () => {
    watch({ pingIntervalMs: 4_000, maxPingOut: 5 });
    line.answersPings = false;
    await clock.pass(20_000);
    expect(line.left).toBe(0);
    await clock.pass(8_100);
    expect(line.left).toBe(1);
  });
});

describe('a peer that answers pings and no request', () => {
  it('is left for another one after 5 s, then after 10 s', async () => {
    watch();
    Object.assign(line, { isUnanswered: true, hasOthers: true });
    await clock.pass(4_900);
    expect(line.left).toBe(0);
    await clock.pass(200);
    expect(line.left).toBe(1);
    await clock.pass(9_000);
    expect(line.left).toBe(1);
    await clock.pass(1_500);
    expect(line.left).toBe(2);
  });

  it('is kept where there is no other', async () => {
    watch();
    line.isUnanswered = true;
    await clock.pass(20_000);
    expect(line.left).toBe(0);
  });
});
