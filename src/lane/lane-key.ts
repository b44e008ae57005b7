import { encodeSubjectToken } from '../event/subject-token.js';

/** A lane of a work. */
export interface LaneRef {
  readonly work: string;
  /** From 0. */
  readonly lane: number;
}

const LEASE = 'lease';
const MEMBER = 'member';

/** Names a lane among all lanes of all works. */
export function laneKey({ work, lane }: LaneRef): string {
  return `${encodeSubjectToken(work)}.${lane}`;
}

/** Key of the record that says who owns a lane. */
export function leaseRecordKey(lane: LaneRef): string {
  return `${LEASE}.${laneKey(lane)}`;
}

/** The {@link laneKey} in the key of a record; undefined where it is no lease. */
export function laneKeyOf(recordKey: string): string | undefined {
  return recordKey.startsWith(`${LEASE}.`) ? recordKey.slice(LEASE.length + 1) : undefined;
}

/** Key of the record of a member. */
export function memberRecordKey(id: string): string {
  return `${MEMBER}.${id}`;
}

/** The member's id in the key of a record; undefined where it is no member. */
export function memberIdOf(recordKey: string): string | undefined {
  return recordKey.startsWith(`${MEMBER}.`) ? recordKey.slice(MEMBER.length + 1) : undefined;
}
