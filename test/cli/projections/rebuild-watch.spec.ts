import type { RebuildDisplay, SeenProgress } from '../../../src/cli/projections/rebuild-display.js';
import { rebuildDisplay } from '../../../src/cli/projections/rebuild-display.js';
import { RebuildWatch } from '../../../src/cli/projections/rebuild-watch.js';
import {
  surveyProjections,
  type SurveyedProjection,
} from '../../../src/cli/projections/projection-survey.js';
import { spanText, tableLines } from '../../../src/cli/projections/texts.js';
import type { LaneReport } from '../../../src/projection/progress/lane-report.js';
import { encodeMemberReport } from '../../../src/projection/progress/member-report.js';
import { leaseRecordKey, memberRecordKey } from '../../../src/lane/lane-key.js';
import { encodeLease } from '../../../src/lane/lease-record.js';
import { encodeMember } from '../../../src/lane/member-record.js';
import type { StoredRecord } from '../../../src/log/record-table.js';

const ID = { name: 'sums', version: 1 };
const WORK = 'projection.sums.1.1.db';
const NOW = Date.parse('2026-01-01T12:00:00Z');

/** The records of one process that owns the only lane, and says this of it. */
function told(report: object, storedAt = NOW): StoredRecord[] {
  const startedAt = '2026-01-01T00:00:00Z';
  const full = { lane: 0, state: 'live', eventsPerSecond: 0, ...report } as LaneReport;
  const member = encodeMember({
    host: 'shop-1',
    pid: 7,
    service: undefined,
    startedAt,
    works: { [WORK]: 1 },
    stuck: [],
    report: encodeMemberReport(new Map([[WORK, [full]]])),
  });
  const lease = encodeLease({ work: WORK, lane: 0, member: 'a', since: startedAt });
  return [
    { key: memberRecordKey('a'), value: member, revision: 1, storedAt },
    { key: leaseRecordKey({ work: WORK, lane: 0 }), value: lease, revision: 2, storedAt: NOW - 3_600_000 },
  ];
}

function seen(report: object, storedAt = NOW): SurveyedProjection {
  return surveyProjections({ records: told(report, storedAt), now: NOW })[0] as SurveyedProjection;
}

describe('a survey of projections', () => {
  it('takes a process for dead that has been silent for more than three seconds, by the clock of the server', () => {
    const alive = seen({}, NOW - 3_000);
    expect(alive.processes).toEqual([{ member: 'a', host: 'shop-1', pid: 7, heardSecondsAgo: 3 }]);
    expect(alive.status?.lanes[0]?.owner).toMatchObject({ host: 'shop-1', pid: 7 });
    const dead = seen({}, NOW - 3_001);
    expect(dead.status).toBeUndefined();
    expect([dead.processes, dead.silent]).toEqual([
      [],
      [{ member: 'a', host: 'shop-1', pid: 7, heardSecondsAgo: 3.001 }],
    ]);
  });

  it('gives no process an age below zero', () => {
    expect(seen({}, NOW + 500).processes[0]?.heardSecondsAgo).toBe(0);
  });
});

describe('the watch of a rebuild', () => {
  function watched() {
    const progress: SeenProgress[] = [];
    const notes: string[] = [];
    const display: RebuildDisplay = {
      progress: (each) => progress.push(each),
      note: (line) => notes.push(line),
      end: () => undefined,
    };
    return { progress, notes, watch: new RebuildWatch(ID, display, 0) };
  }

  it('shows what is left of a build beside the model, and of one in its place', () => {
    const beside = watched();
    const rebuild = { build: 2, state: 'catching-up', events: 0, commits: 0, eventsPerSecond: 50 };
    for (const pending of [1_000, 400])
      beside.watch.look(seen({ pending: 0, rebuild: { ...rebuild, pending } }));
    expect(beside.progress).toEqual([
      { pending: 1_000, total: 1_000, eventsPerSecond: 50 },
      { pending: 400, total: 1_000, eventsPerSecond: 50 },
    ]);
    const inPlace = watched();
    inPlace.watch.look(seen({ pending: 0 }));
    inPlace.watch.look(seen({ state: 'catching-up', pending: 10, eventsPerSecond: 5 }));
    expect(inPlace.progress).toEqual([{ pending: 10, total: 10, eventsPerSecond: 5 }]);
  });

  it('gives up on an error that is waited out, but not on that of the model beside it', () => {
    const error = { name: 'Error', message: 'no connection' };
    const { watch, notes } = watched();
    expect(() => watch.look(seen({ state: 'catching-up', error }))).toThrow('keeps failing');
    expect(notes).toEqual(['waits: Error: no connection']);
    const rebuild = { build: 2, state: 'catching-up', events: 0, commits: 0, eventsPerSecond: 0 };
    for (const state of ['failed', 'catching-up']) watched().watch.look(seen({ state, error, rebuild }));
    const failing = seen({ rebuild: { ...rebuild, error } });
    expect(() => watched().watch.look(failing)).toThrow('keeps failing');
    watched().watch.look(seen({ state: 'failed', error }));
  });

  it('is shown in lines with rate and remaining time where there is no terminal', () => {
    const lines: string[] = [];
    const display = rebuildDisplay((line) => lines.push(line), false);
    display.progress({ pending: 1_000, total: 1_000, eventsPerSecond: 8 });
    display.progress({ pending: 900, total: 1_000, eventsPerSecond: 8 });
    display.end();
    expect(lines).toEqual(['1000 commits left, 8 events/s, 2 min 5 s to go']);
  });
});

describe('texts for a person', () => {
  it.each([
    [0, '0 s'],
    [0.44, '0.4 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [3_600, '1 h 0 min'],
    [7_500, '2 h 5 min'],
  ])('%p seconds are %p', (seconds, text) => expect(spanText(seconds)).toBe(text));

  it('a table has columns of one width', () => {
    expect(
      tableLines([
        ['A', 'BB'],
        ['aaa', 'b'],
      ]),
    ).toEqual(['A    BB', 'aaa  b']);
  });
});
