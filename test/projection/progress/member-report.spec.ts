import { positionOf } from '../../../src/event/position.js';
import type { LaneReport } from '../../../src/projection/progress/lane-report.js';
import { encodeMemberReport, laneReportIn } from '../../../src/projection/progress/member-report.js';

const LONGEST = 65_536;

function laneReport(lane: number, more: Partial<LaneReport> = {}): LaneReport {
  return {
    lane,
    state: 'live',
    position: positionOf(1_234_567_890 + lane, 0),
    reachedSequence: 1_234_567_999,
    pending: 0,
    lagSeconds: 0,
    eventsPerSecond: 12_345,
    error: undefined,
    stuckSince: undefined,
    rebuild: undefined,
    ...more,
  };
}

function told(works: number, report: (lane: number) => LaneReport): unknown {
  const lanes = Array.from({ length: 64 }, (_, lane) => report(lane));
  const byWork = Array.from({ length: works }, (_, work) => [`projection.p${work}.1.64.db`, lanes] as const);
  return JSON.parse(JSON.stringify(encodeMemberReport(new Map(byWork))));
}

describe('what a member tells of its lanes', () => {
  it('comes back as it was, of each lane', () => {
    const error = { name: 'TypeError', message: 'no' };
    const other = { name: 'RangeError', message: 'not either' };
    const {
      lane: _,
      reachedSequence: _reached,
      lagSeconds: _lag,
      stuckSince: _stuck,
      ...state
    } = laneReport(0);
    const rebuild = { ...state, build: 2, events: 5, commits: 4, rebuild: undefined, error: other };
    const { rebuild: _none, ...built } = rebuild;
    const reports = [
      laneReport(0),
      laneReport(1, { state: 'failed', error, position: undefined, pending: undefined }),
      laneReport(2, { state: 'stuck', stuckSince: '2026-01-01T00:00:00.000Z', error: other, rebuild: built }),
      laneReport(3, { rebuild: { ...built, error: undefined } }),
    ];
    const member = JSON.parse(JSON.stringify(encodeMemberReport(new Map([['work', reports]])))) as unknown;
    for (const report of reports) expect(laneReportIn(member, 'work', report.lane)).toEqual(report);
    expect(laneReportIn(member, 'work', 4)).toBeUndefined();
    expect(laneReportIn(member, 'other', 0)).toBeUndefined();
    expect(laneReportIn(null, 'work', 0)).toBeUndefined();
  });

  it('fits for ten projections in 64 lanes', () => {
    const member = told(10, (lane) => laneReport(lane));
    expect(JSON.stringify(member).length).toBeLessThan(LONGEST);
    expect(laneReportIn(member, 'projection.p9.1.64.db', 63)).toEqual(laneReport(63));
  });

  it('fits when all of them fail, each with an error of its own: messages are cut', () => {
    const message = (lane: number): string => `at ${lane}.0: ${'the database is down. '.repeat(50)}`;
    const member = told(10, (lane) =>
      laneReport(lane, { state: 'failed', error: { name: 'ProjectionFailedError', message: message(lane) } }),
    );
    expect(JSON.stringify(member).length).toBeLessThan(LONGEST);
    const { state, error } = laneReportIn(member, 'projection.p3.1.64.db', 40) ?? {};
    expect(state).toBe('failed');
    expect(error?.name).toBe('ProjectionFailedError');
    expect(error?.message).toMatch(/^at 40\.0: the database is down.*…$/);
  });
});
