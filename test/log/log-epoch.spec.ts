import { LogEpoch } from '../../src/log/log-epoch.js';

let now: number;
let losses: number;
let epoch: LogEpoch;

beforeEach(() => {
  now = 0;
  losses = 0;
  epoch = new LogEpoch({ quietMs: 250, now: () => now });
  epoch.onBegin(() => (losses += 1));
});

/** Whether another epoch begins by what is done. */
function turnsBy(action: () => void): boolean {
  const before = epoch.current;
  action();
  return epoch.current !== before;
}

describe('the epoch of a log', () => {
  it('stays the same while the log answers', () => {
    const turned = turnsBy(() => {
      for (let answer = 0; answer < 10; answer += 1) {
        now += 200;
        epoch.heard();
      }
    });
    expect(turned).toBe(false);
  });

  it('ends when the log has not answered for a while, which is no sign of a loss', () => {
    expect(turnsBy(() => (now += 251))).toBe(true);
    expect(losses).toBe(0);
  });

  it('ends when an answer comes after a while, though nobody has asked in between', () => {
    expect(
      turnsBy(() => {
        now += 251;
        epoch.heard();
      }),
    ).toBe(true);
  });

  it('ends at a sign of a loss, of which listeners are told', () => {
    expect(turnsBy(() => epoch.begin())).toBe(true);
    expect(losses).toBe(1);
  });

  it('ends when a message is stored under a sequence that had been seen before it was sent', () => {
    epoch.saw(7);
    const mark = epoch.mark();
    expect(turnsBy(() => epoch.stored(7, mark))).toBe(true);
    expect(losses).toBe(1);
  });

  it('stays the same when messages of others are seen before an answer that took longer', () => {
    const mark = epoch.mark();
    epoch.saw(8);
    expect(turnsBy(() => epoch.stored(7, mark))).toBe(false);
  });

  it('ends when the log ends before a message that has been seen', () => {
    epoch.saw(8);
    const mark = epoch.mark();
    expect(turnsBy(() => epoch.endsAt(7, mark))).toBe(true);
  });

  it('takes the sequences that are given again for new ones once the loss is known', () => {
    epoch.saw(8);
    epoch.begin();
    expect(turnsBy(() => epoch.stored(7, epoch.mark()))).toBe(false);
  });

  it('counts one loss once, also where several answers tell of it', () => {
    epoch.saw(8);
    const marks = [epoch.mark(), epoch.mark()];
    for (const [index, mark] of marks.entries()) epoch.stored(6 + index, mark);
    expect(losses).toBe(1);
  });
});
