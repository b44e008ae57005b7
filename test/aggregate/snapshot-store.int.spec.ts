import { inMemorySnapshots } from '../../src/aggregate/snapshot/in-memory-snapshot-store.js';
import { jetStreamSnapshots } from '../../src/snapshot-store/jetstream-snapshots.js';
import type { Snapshot, SnapshotStore } from '../../src/aggregate/snapshot/snapshot.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { rejection } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';

const name = uniqueStoreName();
const { signal } = new AbortController();
let raw: RawNats;
let lastId = 0;

beforeAll(async () => {
  raw = await RawNats.open();
});

afterAll(async () => raw.nc.close());

function newStream(): StreamName {
  return streamName('account', `id-${++lastId}`);
}

function snapshotAt(version: number, changes: Partial<Snapshot> = {}): Snapshot {
  return {
    store: 'a-store',
    contract: 1,
    version,
    number: version,
    sequence: version * 10,
    commitId: `commit-${version}`,
    commands: { forgottenUpTo: 0, commands: [['c', version, `${version * 10}.0`]] },
    state: { balance: version, note: 'ünïcode' },
    ...changes,
  };
}

/** Two handles on the same snapshots, as two processes have them. */
const KINDS: [string, () => Promise<[SnapshotStore, SnapshotStore]>][] = [
  [
    'in memory',
    async () => {
      const snapshots = inMemorySnapshots();
      return [snapshots, snapshots];
    },
  ],
  [
    'on JetStream',
    async () =>
      Promise.all([
        openStore({ name }).then(async (store) => jetStreamSnapshots(store)),
        openStore({ name }).then(async (store) => jetStreamSnapshots(store)),
      ]),
  ],
];

describe.each(KINDS)('a snapshot store %s', (_, open) => {
  let snapshots: SnapshotStore;
  let elsewhere: SnapshotStore;

  beforeAll(async () => {
    [snapshots, elsewhere] = await open();
  });

  it('gives back the latest snapshot of a stream as it was', async () => {
    const account = newStream();
    expect(await snapshots.load(account, { signal })).toBeUndefined();
    expect(await snapshots.save(account, snapshotAt(3), { signal })).toBe(true);
    expect(await elsewhere.save(account, snapshotAt(7), { signal })).toBe(true);
    for (const one of [snapshots, elsewhere])
      expect(await one.load(account, { signal })).toMatchObject(snapshotAt(7));
    expect(await snapshots.load(newStream(), { signal })).toBeUndefined();
  });

  it.each([6, 7])('refuses version %i where version 7 is', async (version) => {
    const account = newStream();
    await snapshots.save(account, snapshotAt(7), { signal });
    expect(await elsewhere.save(account, snapshotAt(version), { signal })).toBe(false);
    expect(await snapshots.load(account, { signal })).toMatchObject(snapshotAt(7));
  });

  it.each([{ contract: 2 }, { store: 'another-store' }])(
    'lets one of another kind take its place: %p',
    async (changes) => {
      const account = newStream();
      await snapshots.save(account, snapshotAt(7), { signal });
      expect(await snapshots.save(account, snapshotAt(2, changes), { signal })).toBe(true);
      expect(await snapshots.load(account, { signal })).toMatchObject({ version: 2, ...changes });
    },
  );

  it('keeps the newest of those that are written at once', async () => {
    const account = newStream();
    const saved = await Promise.allSettled(
      [5, 3, 8, 1, 7, 2].map(async (version, index) =>
        (index % 2 === 0 ? snapshots : elsewhere).save(account, snapshotAt(version), { signal }),
      ),
    );
    expect(saved.some((result) => result.status === 'fulfilled' && result.value)).toBe(true);
    // a writer that gave up on the others tries again with the next commit
    await snapshots.save(account, snapshotAt(8), { signal });
    expect(await elsewhere.load(account, { signal })).toMatchObject({ version: 8 });
  });

  it('removes all of a stream', async () => {
    const account = newStream();
    const other = newStream();
    for (const one of [account, other]) await snapshots.save(one, snapshotAt(7), { signal });
    await snapshots.delete(account, { signal });
    await snapshots.delete(account, { signal });
    expect(await elsewhere.load(account, { signal })).toBeUndefined();
    expect(await elsewhere.load(other, { signal })).toBeDefined();
  });
});

describe('snapshots on JetStream', () => {
  const stored = `${name}~snapshots`;
  let snapshots: SnapshotStore;

  beforeAll(async () => {
    snapshots = await jetStreamSnapshots(await openStore({ name }));
  });

  async function sequencesOf(account: StreamName): Promise<number[]> {
    const subject = subjectOf(stored, account);
    const found: number[] = [];
    for (let seq = 1; ; seq = (found.at(-1) as number) + 1) {
      const { message } = (await raw.api(`STREAM.MSG.GET.${stored}`, {
        seq,
        next_by_subj: subject,
      })) as { message?: { seq: number } };
      if (message === undefined) return found;
      found.push(message.seq);
    }
  }

  it('are kept in a JetStream stream without limits, from which messages can be deleted securely', async () => {
    expect(await raw.api(`STREAM.INFO.${stored}`)).toMatchObject({
      config: { max_age: 0, max_msgs: -1, max_msgs_per_subject: -1, deny_delete: false, storage: 'file' },
    });
  });

  it('are one for each stream: those before are deleted', async () => {
    const account = newStream();
    for (const version of [1, 2, 3]) {
      await snapshots.save(account, snapshotAt(version), { signal });
      expect(await sequencesOf(account)).toHaveLength(1);
    }
  });

  it('delete what an earlier process has left when it ended in between', async () => {
    const account = newStream();
    await snapshots.save(account, snapshotAt(1), { signal });
    const [first] = await sequencesOf(account);
    const body = { format: 1, stream: ['account', account.id], ...snapshotAt(2), superseded: [first] };
    await raw.nc.request(subjectOf(stored, account), JSON.stringify(body));
    expect(await sequencesOf(account)).toHaveLength(2);
    await snapshots.save(account, snapshotAt(3), { signal });
    expect(await sequencesOf(account)).toHaveLength(1);
  });

  it.each(['no json', '{}', '{"format":2}', '[]', 'null'])(
    'that cannot be read are said to be so, and make room for the next one: %s',
    async (body) => {
      const account = newStream();
      await raw.nc.request(subjectOf(stored, account), body);
      expect(await rejection(snapshots.load(account, { signal }))).toMatchObject({
        name: 'CorruptSnapshotError',
        stream: account.toString(),
        message: expect.stringContaining(`at sequence ${(await sequencesOf(account))[0]}, `) as string,
      });
      expect(await snapshots.save(account, snapshotAt(1), { signal })).toBe(true);
      expect(await snapshots.load(account, { signal })).toMatchObject(snapshotAt(1));
      expect(await sequencesOf(account)).toHaveLength(1);
    },
  );

  it('larger than the server takes are refused by their size', async () => {
    const huge = snapshotAt(1, { state: 'x'.repeat(1_100_000) });
    expect(await rejection(snapshots.save(newStream(), huge, { signal }))).toMatchObject({
      name: 'PayloadTooLargeError',
      limit: 1_048_576,
    });
  });
});
