import { categoryOfSubject } from '../../event/subject.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import type { ReactionPolicy } from '../reaction-policy.js';
import { BUS } from './reactor-filters.js';
import type { ReactorDefinition } from './reactor-definition.js';

const MAX_ATTEMPTS = 5;
const BACKOFF_MS = [200, 1_000, 5_000];
const TIMEOUT_MS = 30_000;
const CONCURRENCY = 16;

/** How the events of a reactor are attempted, ordered and acknowledged. */
export function reactorPolicy({
  maxAttempts = MAX_ATTEMPTS,
  backoffMs = BACKOFF_MS,
  timeoutMs = TIMEOUT_MS,
  concurrency = CONCURRENCY,
}: ReactorDefinition): ReactionPolicy & { readonly handlerTimeoutMs: number } {
  return {
    maxDeliver: maxAttempts,
    backoffMs,
    handlerTimeoutMs: timeoutMs,
    concurrency,
    keyOf,
    manualAck: false,
    isUnacknowledged: false,
  };
}

/** The events of a stream are in order. Notifications have no stream: one that fails holds up no other. */
function keyOf({ subject, seq }: DeliveredMessage): string {
  return categoryOfSubject(subject) === BUS ? `${subject} ${seq}` : subject;
}
