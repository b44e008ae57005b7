import type { StoredCommit } from '../../src/event/commit.js';
import { encodeCommit } from '../../src/event/commit-format.js';
import { nextPredecessors } from '../../src/event/predecessors.js';
import { streamName } from '../../src/event/stream-name.js';
import { StreamReader } from '../../src/event-store/read/stream-reader.js';
import type { MessageReader, StoredMessage } from '../../src/jetstream/read/message-reader.js';
import { rejection } from '../support/collect.js';

const order = streamName('order', '1');

/** A log whose replicas have only the commits up to a sequence, while the leader has all. */
class LaggingLog {
  readonly commits: StoredCommit[] = [];
  known = Infinity;
  leaderGets = 0;
  gets: number[] = [];

  /**
   * `count` commits of one event, at every third sequence. The sequences that they list are off by `shift`.
   */
  constructor(count: number, shift = 0) {
    let listed: number[] = [];
    for (let number = 1; number <= count; number += 1) {
      const sequence = number * 3;
      this.commits.push({
        stream: order,
        commitId: `c${number}`,
        attemptId: 'a',
        number,
        firstVersion: number,
        predecessors: listed,
        metadata: { occurredAt: '2026-01-01T00:00:00Z' },
        events: [{ type: 'A', schemaVersion: 1, data: { number } }],
        sequence,
      });
      listed = nextPredecessors(number, sequence + shift, listed);
    }
  }

  get last(): StoredCommit {
    return this.commits.at(-1)!;
  }

  remove(number: number): void {
    this.commits.splice(number - 1, 1);
  }

  async bySequences(sequences: readonly number[]): Promise<(StoredMessage | undefined)[]> {
    this.gets.push(...sequences);
    return sequences.map((sequence) => this.#at(sequence, this.known));
  }

  async bySequenceAtLeader(sequence: number): Promise<StoredMessage | undefined> {
    this.leaderGets += 1;
    return this.#at(sequence, Infinity);
  }

  async nextAtLeader(_: string, sequence: number): Promise<StoredMessage | undefined> {
    return toMessage(this.commits.find((commit) => commit.sequence >= sequence));
  }

  async *scan(): AsyncGenerator<StoredMessage> {
    for (const commit of this.commits) if (commit.sequence <= this.known) yield toMessage(commit)!;
  }

  #at(sequence: number, known: number): StoredMessage | undefined {
    return toMessage(this.commits.find((commit) => commit.sequence === sequence && sequence <= known));
  }
}

function toMessage(commit: StoredCommit | undefined): StoredMessage | undefined {
  return commit && { sequence: commit.sequence, data: encodeCommit(commit) };
}

function readerOf(log: LaggingLog): StreamReader {
  return new StreamReader(log as unknown as MessageReader, 'shop');
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
    const log = new LaggingLog(40);
    log.known = 90;
    const reader = readerOf(log);
    expect(await versionsFrom(reader, log.last, 1, 40)).toEqual(range(1, 40));
    expect(log.leaderGets).toBe(9);
    expect(reader.scans).toBe(0);
  });

  it('asks the leader for commits that are missing in the scan of a lagging replica', async () => {
    const log = new LaggingLog(40, 1);
    log.known = 90;
    const reader = readerOf(log);
    expect(await versionsFrom(reader, log.last, 1, 40)).toEqual(range(1, 40));
    expect(reader.scans).toBe(1);
  });

  it('reports the position of a commit that the leader does not have either', async () => {
    const log = new LaggingLog(40);
    const last = log.last;
    log.remove(20);
    expect(await rejection(versionsFrom(readerOf(log), last, 1, 40))).toMatchObject({
      name: 'CorruptStreamError',
      position: '60.0',
    });
  });

  it('reads any part of a long stream in a few rounds, and few other commits', async () => {
    const log = new LaggingLog(1_000);
    const reader = readerOf(log);
    for (const from of [1, 15, 16, 17, 255, 256, 257, 500, 768, 990, 1_000]) {
      log.gets = [];
      const to = Math.min(1_000, from + 9);
      expect(await versionsFrom(reader, log.last, from, to)).toEqual(range(from, to));
      expect(log.gets.length).toBeLessThanOrEqual(80);
      expect(new Set(log.gets).size).toBe(log.gets.length);
    }
    log.gets = [];
    expect(await versionsFrom(reader, log.last, 1, 1_000)).toEqual(range(1, 1_000));
    expect(log.gets).toHaveLength(999);
  });

  it('reads every part of a stream of any length', async () => {
    for (const count of [1, 2, 15, 16, 17, 18, 33, 48, 49]) {
      const log = new LaggingLog(count);
      const reader = readerOf(log);
      for (const from of range(1, count)) {
        for (const to of range(from, count)) {
          expect(await versionsFrom(reader, log.last, from, to)).toEqual(range(from, to));
        }
      }
      expect(reader.scans).toBe(0);
    }
  });
});
