import type { JsonValue } from '../event/json-value.js';

/** What a response says of an error. */
export interface ProblemAnswer {
  readonly status: number;
  /** For people who sent the request; absent for what is inside of the service. */
  readonly detail?: string;
  /** When the request may be repeated. */
  readonly retryAfterSeconds?: number;
  /** Members of the body beside those of RFC 9457. */
  readonly members?: Readonly<Record<string, JsonValue | undefined>>;
}
