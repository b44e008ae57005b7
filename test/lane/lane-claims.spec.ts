import { Heartbeat } from '../../src/lane/heartbeat.js';
import { LaneClaims } from '../../src/lane/lane-claims.js';
import { readLaneView } from '../../src/lane/lane-view.js';
import { LocalRecordTable } from '../../src/log/local-record-table.js';
import { ManualClock } from './manual-clock.js';

const lane = { work: 'orders', lane: 0 };
const { signal } = new AbortController();
const since = '2026-01-01T00:00:00Z';
const record = () => ({
  host: 'h',
  pid: 1,
  service: undefined,
  startedAt: since,
  works: {},
  stuck: [],
  report: null,
});

let clock: ManualClock;
let records: LocalRecordTable;
/** The owner of the lane, which seems to be dead. */
let heartbeat: Heartbeat;
let owner: LaneClaims;
let revision: number;
let doubts: boolean[];
/** Another member. */
let heir: LaneClaims;

beforeEach(async () => {
  clock = new ManualClock();
  records = new LocalRecordTable(() => clock.now());
  doubts = [];
  const onDoubt = (): void => void doubts.push(heartbeat.isCertain);
  heartbeat = new Heartbeat({ id: 'owner', records, clock, timeoutMs: 3_000, onDoubt });
  owner = new LaneClaims(records, 'owner');
  heir = new LaneClaims(records, 'heir');
  await heartbeat.renew(record, signal);
  revision = (await owner.take(lane, { seen: undefined, since }, signal)) as number;
});

describe('a member that seems dead', () => {
  it('is not buried when it has renewed its record since it was seen', async () => {
    const view = await readLaneView(records);
    expect(await heartbeat.renew(record, signal)).toBe('renewed');
    expect(await heir.bury('owner', view.members.get('owner'), signal)).toBe(false);
    expect(heartbeat.isCertain).toBe(true);
  });

  it('is not buried when it had no record and has one again', async () => {
    expect(await heir.bury('owner', undefined, signal)).toBe(false);
    records.clear();
    expect(await heir.bury('owner', undefined, signal)).toBe(true);
  });

  it('that was buried alive learns it at its next renewal, before it is certain again', async () => {
    const view = await readLaneView(records);
    expect(await heir.bury('owner', view.members.get('owner'), signal)).toBe(true);
    expect(await heartbeat.renew(record, signal)).toBe('back');
    expect(doubts).toEqual([false]);
    expect(heartbeat.isCertain).toBe(true);
  });

  it('and is back first keeps its lease: the other cannot take it by what was seen before', async () => {
    const view = await readLaneView(records);
    await heir.bury('owner', view.members.get('owner'), signal);
    await heartbeat.renew(record, signal);
    expect(await owner.confirm(lane, { since, revision }, signal)).toBeGreaterThan(revision);
    const seen = view.leases.get('orders.0');
    expect(await heir.take(lane, { seen, since }, signal)).toBeUndefined();
  });

  it('and is back too late has lost its lease', async () => {
    const view = await readLaneView(records);
    await heir.bury('owner', view.members.get('owner'), signal);
    const taken = await heir.take(lane, { seen: view.leases.get('orders.0'), since }, signal);
    expect(taken).toBeGreaterThan(revision);
    expect(await owner.confirm(lane, { since, revision }, signal)).toBeUndefined();
    await owner.release(lane, revision, signal);
    expect((await readLaneView(records)).leases.get('orders.0')?.lease?.member).toBe('heir');
  });
});

describe('a lease', () => {
  it('whose record is no lease is taken by anybody', async () => {
    const foreign = (await records.put({ key: 'lease.orders.1', value: 'x', revision: 0 })) as number;
    const view = await readLaneView(records);
    expect(view.leases.get('orders.1')).toEqual({ lease: undefined, revision: foreign });
    const other = { work: 'orders', lane: 1 };
    const seen = view.leases.get('orders.1');
    expect(await heir.take(other, { seen, since }, signal)).toBeGreaterThan(foreign);
  });
});
