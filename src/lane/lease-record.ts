import type { JsonValue } from '../event/json-value.js';
import type { LaneRef } from './lane-key.js';

/** Who owns a lane. */
export interface LeaseRecord extends LaneRef {
  /** Id of the owner. */
  readonly member: string;
  /** Since when, as the owner's clock has it; ISO 8601. */
  readonly since: string;
}

export function encodeLease({ work, lane, member, since }: LeaseRecord): JsonValue {
  return { work, lane, member, since };
}

/** Undefined for what is none. */
export function decodeLease(value: JsonValue): LeaseRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { work, lane, member, since } = value as Record<string, unknown>;
  if (typeof work !== 'string' || typeof lane !== 'number') return undefined;
  if (typeof member !== 'string' || typeof since !== 'string') return undefined;
  return { work, lane, member, since };
}
