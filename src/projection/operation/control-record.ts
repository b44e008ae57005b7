import type { JsonValue } from '../../event/json-value.js';
import type { ProjectionId } from '../definition/projection-id.js';
import type { ReplayLimits } from '../run/replay-pace.js';

/** What somebody asks of the processes that run a projection, from outside of them. */
export interface ControlRequest {
  /** Tells one request from another. */
  readonly id: string;
  readonly kind: 'rebuild' | 'cancel' | 'reset' | 'serve';
  /** Where a rebuild begins, as {@link encodeStart} writes it; undefined for the beginning. */
  readonly from?: string | undefined;
  readonly state: 'asked' | 'taken' | 'done' | 'failed';
  /** Why it failed. */
  readonly error?: string | undefined;
}

/** How a projection is to be run, in all processes. */
export interface Control {
  readonly isPaused: boolean;
  /** How fast rebuilds go. */
  readonly limits: ReplayLimits;
  readonly request: ControlRequest | undefined;
}

export const NO_CONTROL: Control = { isPaused: false, limits: {}, request: undefined };

const PREFIX = 'control';

/** The first token of the keys of all controls. */
export const CONTROL_PREFIX = PREFIX;

/** The key of a projection's control. */
export function controlKey({ name, version }: ProjectionId): string {
  return `${PREFIX}.${name}.${version}`;
}

/** The projection whose control a record is; undefined for another record. */
export function parseControlKey(key: string): ProjectionId | undefined {
  const [, name, version] = /^control\.([\w-]+)\.(\d+)$/.exec(key) ?? [];
  return name === undefined ? undefined : { name, version: Number(version) };
}

export function encodeControl({ isPaused, limits, request }: Control): JsonValue {
  // what is undefined is left out
  return JSON.parse(JSON.stringify({ isPaused, limits, request })) as JsonValue;
}

/** Whatever somebody may have stored: what is no control changes nothing. */
export function decodeControl(value: JsonValue | undefined): Control {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return NO_CONTROL;
  const { isPaused, limits, request } = value as Partial<Record<keyof Control, unknown>>;
  return {
    isPaused: isPaused === true,
    limits: typeof limits === 'object' && limits !== null ? limits : {},
    request: isRequest(request) ? request : undefined,
  };
}

function isRequest(value: unknown): value is ControlRequest {
  if (typeof value !== 'object' || value === null) return false;
  const { id, kind, state } = value as Partial<Record<keyof ControlRequest, unknown>>;
  return [id, kind, state].every((text) => typeof text === 'string');
}
