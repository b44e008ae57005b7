import { Deadline } from '../kernel/deadline.js';
import type { ReadPatience } from './message-log.js';

/** A read is repeated this long before it fails, in milliseconds. */
const READ_TIMEOUT_MS = 15_000;

/** The deadline of the next get of a read. */
export function deadlineOf({ deadline, signal }: ReadPatience): Deadline {
  return deadline ?? new Deadline(READ_TIMEOUT_MS, signal);
}
