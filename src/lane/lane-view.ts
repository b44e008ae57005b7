import type { RecordTable, StoredRecord } from '../log/record-table.js';
import { laneKeyOf, memberIdOf } from './lane-key.js';
import { decodeLease, type LeaseRecord } from './lease-record.js';
import { decodeMember, type MemberRecord } from './member-record.js';

/** A member, as its record was seen. */
export interface SeenMember extends MemberRecord {
  readonly revision: number;
  /** When it was written, by the clock of the server; in milliseconds since 1970. */
  readonly storedAt: number;
}

/** A lease, as its record was seen. */
export interface SeenLease {
  /** Undefined where the record holds none: anybody may write over it. */
  readonly lease: LeaseRecord | undefined;
  readonly revision: number;
}

/** The members and the leases, as one list of the records showed them. It may lag. */
export interface LaneView {
  /** By id, also those that have died lately. */
  readonly members: ReadonlyMap<string, SeenMember>;
  /** By the key of the lane. */
  readonly leases: Map<string, SeenLease>;
}

/** Reads who is there and who owns what. */
export async function readLaneView(records: RecordTable, signal?: AbortSignal): Promise<LaneView> {
  return laneViewOf(await records.list({ signal }));
}

/** What a list of records says of members and leases. */
export function laneViewOf(records: readonly StoredRecord[]): LaneView {
  const members = new Map<string, SeenMember>();
  const leases = new Map<string, SeenLease>();
  for (const { key, value, revision, storedAt } of records) {
    const id = memberIdOf(key);
    const member = id === undefined ? undefined : decodeMember(value);
    if (id !== undefined && member !== undefined) members.set(id, { ...member, revision, storedAt });
    const lane = laneKeyOf(key);
    if (lane !== undefined) leases.set(lane, { lease: decodeLease(value), revision });
  }
  return { members, leases };
}
