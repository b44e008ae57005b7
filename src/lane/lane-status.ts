import type { JsonValue } from '../event/json-value.js';
import { laneKey } from './lane-key.js';
import type { LaneView } from './lane-view.js';

/** A process that shares lanes, as it was seen last. */
export interface LaneMember {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Name of the service; undefined where it gave none. */
  readonly service: string | undefined;
  /** As its clock has it. */
  readonly startedAt: Date;
  /** Names of the works that it runs. */
  readonly works: readonly string[];
  /** What it said of itself last. */
  readonly report: JsonValue;
  /** Whether it is the one that was asked. */
  readonly isSelf: boolean;
}

/** Who has a lane. */
export interface LaneOwner {
  /** From 0. */
  readonly lane: number;
  /** Undefined when nobody owns it, or its owner's record is gone. */
  readonly owner: LaneMember | undefined;
  /** Since when, as the owner's clock has it. */
  readonly since: Date | undefined;
}

/** What a member has seen last. */
export interface SeenLanes {
  readonly view: LaneView;
  /** Id of the one that is asked. */
  readonly self: string;
  readonly isDead: (id: string) => boolean;
}

/** The members that are alive, the oldest first. */
export function membersIn(seen: SeenLanes): readonly LaneMember[] {
  return [...seen.view.members.keys()]
    .filter((id) => !seen.isDead(id))
    .flatMap((id) => memberIn(seen, id) ?? [])
    .toSorted((one, other) => one.startedAt.getTime() - other.startedAt.getTime());
}

/** The owners of the lanes of a work. */
export function ownersIn(
  seen: SeenLanes,
  { name, lanes }: { readonly name: string; readonly lanes: number },
): readonly LaneOwner[] {
  return Array.from({ length: lanes }, (_, lane) => {
    const lease = seen.view.leases.get(laneKey({ work: name, lane }))?.lease;
    const owner = lease && memberIn(seen, lease.member);
    return { lane, owner, since: lease && new Date(lease.since) };
  });
}

function memberIn({ view, self }: SeenLanes, id: string): LaneMember | undefined {
  const member = view.members.get(id);
  if (member === undefined) return undefined;
  const { host, pid, service, startedAt, works, report } = member;
  const details = { host, pid, service, startedAt: new Date(startedAt), report };
  return { id, ...details, works: Object.keys(works), isSelf: id === self };
}
