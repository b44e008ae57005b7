/** What the owner of a lane says of it. */
export interface LaneReport {
  readonly lane: number;
  /** `failed`: its consumer cannot be read at the moment, which is tried again. */
  readonly state: 'starting' | 'running' | 'recovering' | 'failed';
  /** Events that were handled or parked since the lane was taken. */
  readonly handled: number;
  /** When the last one was; ISO 8601. */
  readonly handledAt?: string | undefined;
  /** What went wrong last. */
  readonly problem?: string | undefined;
  /** Whether something that is to be parked cannot be. */
  readonly isUnparked?: boolean | undefined;
  /** The call that has been running for the longest time. */
  readonly longest?: { readonly sequence: number; readonly since: string } | undefined;
}

/** What a member says of the lanes of reactors that it owns, by the names of the works. */
export type ReactorReports = Readonly<Record<string, readonly LaneReport[]>>;

/** What a member's report says of a lane; undefined where it says nothing. */
export function laneReportIn(report: unknown, work: string, lane: number): LaneReport | undefined {
  const { reactors } = (report ?? {}) as { readonly reactors?: ReactorReports };
  return reactors?.[work]?.find((each) => each.lane === lane);
}
