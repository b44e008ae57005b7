import type { JsonValue } from '../event/json-value.js';

export interface LaneMember {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly service: string | undefined;
  readonly startedAt: Date;
  readonly works: readonly string[];
  readonly report: JsonValue;
  readonly isSelf: boolean;
}

export interface LaneOwner {
  readonly lane: number;
  readonly owner: LaneMember | undefined;
  readonly since: Date | undefined;
}
