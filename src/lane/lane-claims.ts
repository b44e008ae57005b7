import type { RecordTable } from '../log/record-table.js';
import { type LaneRef, leaseRecordKey, memberRecordKey } from './lane-key.js';
import type { SeenLease, SeenMember } from './lane-view.js';
import { decodeLease, encodeLease } from './lease-record.js';

/** Takes and gives back leases for one member. Each change is made by comparing revisions. */
export class LaneClaims {
  readonly #records: RecordTable;
  readonly #id: string;

  constructor(records: RecordTable, id: string) {
    this.#records = records;
    this.#id = id;
  }

  /**
   * Takes a lease that was seen to be free.
   *
   * @returns the lease's revision; undefined when another was first.
   */
  async take(lane: LaneRef, { seen, since }: Taking, signal: AbortSignal): Promise<number | undefined> {
    return this.#put(lane, since, seen?.revision ?? 0, signal);
  }

  /**
   * Makes sure that a lease is this member's, by writing it again: nobody can have taken it afterwards by what
   * was seen before.
   *
   * @returns its revision; undefined when it is another's.
   */
  async confirm(
    lane: LaneRef,
    { since, revision }: Confirming,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const written = await this.#put(lane, since, revision, signal);
    if (written !== undefined) return written;
    const found = await this.#records.get(leaseRecordKey(lane), signal);
    const owner = found && decodeLease(found.value)?.member;
    if (owner !== undefined && owner !== this.#id) return undefined;
    return this.#put(lane, since, found?.revision ?? 0, signal);
  }

  /** Gives a lease back. Does nothing when it is another's. */
  async release(lane: LaneRef, revision: number, signal: AbortSignal): Promise<void> {
    await this.#records.remove(leaseRecordKey(lane), revision, signal);
  }

  /**
   * Makes sure that a member that seems dead has not renewed its record, by removing it as it was seen. If it
   * is alive all the same, its next renewal tells it that its leases may be gone.
   *
   * @param seen Its record; undefined where it had none.
   * @returns whether its leases may be taken.
   */
  async bury(member: string, seen: SeenMember | undefined, signal: AbortSignal): Promise<boolean> {
    const key = memberRecordKey(member);
    if (seen !== undefined) return this.#records.remove(key, seen.revision, signal);
    return (await this.#records.get(key, signal)) === undefined;
  }

  async #put(
    lane: LaneRef,
    since: string,
    revision: number,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const value = encodeLease({ work: lane.work, lane: lane.lane, member: this.#id, since });
    return this.#records.put({ key: leaseRecordKey(lane), value, revision }, signal);
  }
}

interface Taking {
  /** The record as it was seen. */
  readonly seen: SeenLease | undefined;
  readonly since: string;
}

interface Confirming {
  readonly since: string;
  readonly revision: number;
}
