import type { StoredCommit } from '../../src/event/commit.js';
import { encodeCommit } from '../../src/event/commit-format.js';
import { nextPredecessors } from '../../src/event/predecessors.js';
import { streamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import type { StoredMessage, SubjectMessage } from '../../src/log/message-log.js';
import { StreamReader } from '../../src/event-store/read/stream-reader.js';
import { InMemoryMessageLog } from '../../src/testing/in-memory/in-memory-message-log.js';
import { InMemoryStorage } from '../../src/testing/in-memory/in-memory-storage.js';
import { rejection } from '../support/collect.js';

const order = streamName('order', '1');

/** A log that counts the gets by sequence. */
class CountingLog extends InMemoryMessageLog {
  leaderGets = 0;
  gets: number[] = [];

  override async bySequences(
    ...args: Parameters<InMemoryMessageLog['bySequences']>
  ): Promise<(StoredMessage | undefined)[]> {
    this.gets.push(...args[0]);
    return super.bySequences(...args);
  }

  override async bySequenceAtLeader(sequence: number): Promise<SubjectMessage | undefined> {
    this.leaderGets += 1;
    return super.bySequenceAtLeader(sequence);
  }
}

/** A stream of `count` commits of one event, at every third sequence, listing the sequences `shift` away. */
function streamOf(
  count: number,
  shift = 0,
): { log: CountingLog; reader: StreamReader; storage: InMemoryStorage; last: StoredCommit } {
  const storage = new InMemoryStorage();
  let listed: number[] = [];
  let last: StoredCommit | undefined;
  for (let number = 1; number <= count; number += 1) {
    const sequence = number * 3;
    last = {
      stream: order,
      commitId: `c${number}`,
      attemptId: 'a',
      number,
      firstVersion: number,
      predecessors: listed,
      metadata: { occurredAt: '2026-01-01T00:00:00Z' },
      events: [{ type: 'A', schemaVersion: 1, data: { number } }],
      sequence,
    };
    const others = ['x', 'y'].map((subject) => ({ subject, payload: new Uint8Array(), headers: {} }));
    storage.store([
      ...others,
      { subject: subjectOf('shop', order), payload: encodeCommit(last), headers: {} },
    ]);
    listed = nextPredecessors(number, sequence + shift, listed);
  }
  const log = new CountingLog({ storage });
  return { log, reader: new StreamReader(log, 'shop'), storage, last: last! };
}

async function versionsFrom(
  reader: StreamReader,
  last: StoredCommit,
  from: number,
  to: number,
): Promise<number[]> {
  const commits = await reader.range(last, { from, to }, { time: false });
  return commits.map(({ firstVersion }) => firstVersion);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe('StreamReader', () => {
  it('asks the leader for commits that a lagging replica does not have yet', async () => {
    const { log, reader, last } = streamOf(40);
    log.faults.lag(90);
    expect(await versionsFrom(reader, last, 1, 40)).toEqual(range(1, 40));
    expect(log.leaderGets).toBe(9);
    expect(reader.scans).toBe(0);
  });

  it('asks the leader for what a lagging replica leaves out of a scan', async () => {
    const { log, reader, last } = streamOf(40, 1);
    log.faults.lag(90);
    expect(await versionsFrom(reader, last, 1, 40)).toEqual(range(1, 40));
    expect(reader.scans).toBe(1);
  });

  it('reports a commit that the leader does not have either, by its position', async () => {
    const { reader, storage, last } = streamOf(40);
    storage.remove(60);
    expect(await rejection(versionsFrom(reader, last, 1, 40))).toMatchObject({
      name: 'CorruptStreamError',
      position: '60.0',
    });
  });

  it('reads any part of a long stream in a few rounds, and little else', async () => {
    const { log, reader, last } = streamOf(1_000);
    for (const from of [1, 15, 16, 17, 255, 256, 257, 500, 768, 990, 1_000]) {
      log.gets = [];
      const to = Math.min(1_000, from + 9);
      expect(await versionsFrom(reader, last, from, to)).toEqual(range(from, to));
      expect(log.gets.length).toBeLessThanOrEqual(80);
      expect(new Set(log.gets).size).toBe(log.gets.length);
    }
    log.gets = [];
    expect(await versionsFrom(reader, last, 1, 1_000)).toEqual(range(1, 1_000));
    expect(log.gets).toHaveLength(999);
  });

  it('reads every part of a stream of any length', async () => {
    for (const count of [1, 2, 15, 16, 17, 18, 33, 48, 49]) {
      const { reader, last } = streamOf(count);
      for (const from of range(1, count)) {
        for (const to of range(from, count)) {
          expect(await versionsFrom(reader, last, from, to)).toEqual(range(from, to));
        }
      }
      expect(reader.scans).toBe(0);
    }
  });
});
