import { type Position, positionOf } from '../../event/position.js';
import type { LaneMember, LaneOwner } from '../../lane/lane-status.js';
import type { LaneReport } from './lane-report.js';
import type { FoundConsumer } from './reactor-consumers.js';

/**
 * - `running`: events are pending, and are being handled.
 * - `idle`: nothing is pending.
 * - `stalled`: events are pending, and none was handled or parked for `stallMs`.
 * - `unowned`: no instance has the lane, or its owner waits for instances that have another number of lanes.
 * - `failed`: the consumer is gone, or cannot be read. It is tried again.
 */
export type ReactorState = 'running' | 'idle' | 'stalled' | 'unowned' | 'failed';

/** A call of a handler that has not ended. */
export interface RunningCall {
  /** Position of the commit of the event. */
  readonly position: Position;
  readonly since: Date;
}

/** The instance that owns a lane. */
export type ReactorOwner = Pick<LaneMember, 'id' | 'host' | 'pid' | 'service' | 'startedAt' | 'isSelf'>;

/** How a lane of a reactor is, whoever owns it. */
export interface ReactorLaneStatus {
  /** From 0. */
  readonly lane: number;
  readonly state: ReactorState;
  /** The instance that owns it; undefined where none does. */
  readonly owner: ReactorOwner | undefined;
  /** Name of its durable consumer. */
  readonly consumer: string;
  /** Commits that are not handled: not delivered, or not acknowledged. */
  readonly pending: number;
  /** Commits that were delivered more than once, and are not acknowledged. */
  readonly redelivered: number;
  /** All up to this commit is handled or parked. */
  readonly handledUpTo: Position;
  /** When its owner handled or parked an event last; undefined where it has not. */
  readonly handledAt: Date | undefined;
  /** The call that has been running for the longest time; undefined where none is. */
  readonly longestCall: RunningCall | undefined;
  /** What went wrong last; undefined where nothing has. */
  readonly problem: string | undefined;
  /** Whether an event was given up and cannot be parked: it stays unacknowledged, and is tried again. */
  readonly isUnparked: boolean;
}

/** How a reactor is, over all instances of the service. */
export interface ReactorStatus {
  /** Name of the reactor. */
  readonly reactor: string;
  /** The worst of its lanes' states. */
  readonly state: ReactorState;
  readonly lanes: readonly ReactorLaneStatus[];
}

/** The best first. */
const STATES: readonly ReactorState[] = ['idle', 'running', 'unowned', 'stalled', 'failed'];

/** What is known of a lane. */
export interface LaneFacts {
  readonly consumer: string;
  readonly owner: LaneOwner;
  readonly found: FoundConsumer | undefined;
  readonly report: LaneReport | undefined;
  readonly isStalled: boolean;
}

export function laneStatusOf({ consumer, owner, found, report, isStalled }: LaneFacts): ReactorLaneStatus {
  const info = found?.info;
  const pending = (info?.num_pending ?? 0) + (info?.num_ack_pending ?? 0);
  const longest = report?.longest;
  const isWaiting = report?.state === 'starting' && report.problem !== undefined;
  const problem = info === undefined && !isWaiting ? 'its consumer is gone' : report?.problem;
  return {
    lane: owner.lane,
    state: stateOf({ consumer, owner, found, report, isStalled }, pending),
    owner: owner.owner && withoutReport(owner.owner),
    consumer,
    pending,
    redelivered: info?.num_redelivered ?? 0,
    handledUpTo: positionOf(info?.ack_floor.stream_seq ?? 0, 0),
    handledAt: report?.handledAt === undefined ? undefined : new Date(report.handledAt),
    longestCall: longest && { position: positionOf(longest.sequence, 0), since: new Date(longest.since) },
    problem,
    isUnparked: report?.isUnparked === true,
  };
}

export function reactorStatusOf(reactor: string, lanes: readonly ReactorLaneStatus[]): ReactorStatus {
  const worst = Math.max(0, ...lanes.map(({ state }) => STATES.indexOf(state)));
  return { reactor, state: STATES[worst] ?? 'idle', lanes };
}

function stateOf({ owner, found, report, isStalled }: LaneFacts, pending: number): ReactorState {
  if (found === undefined && report?.state === 'starting') return 'unowned';
  if (found === undefined || report?.state === 'failed') return 'failed';
  if (owner.owner === undefined) return 'unowned';
  if (pending === 0) return 'idle';
  return isStalled ? 'stalled' : 'running';
}

function withoutReport({ id, host, pid, service, startedAt, isSelf }: LaneMember): ReactorOwner {
  return { id, host, pid, service, startedAt, isSelf };
}
