import { FORBIDDEN } from '../api/api-codes.js';
import type { ApiFault } from '../api/api-fault.js';

/**
 * The end of a consumer's pulls. Its reader creates another consumer, which begins after the last message
 * that it got.
 */
export class ConsumerLost {
  readonly reason: string;
  /** The server's refusal, where it gave one. */
  readonly fault: ApiFault | undefined;

  constructor(reason: string, fault?: ApiFault) {
    this.reason = reason;
    this.fault = fault;
  }
}

/** The server lets the user not do what reading needs. It will not in a moment either. */
export function forbidden(reason: string): ConsumerLost {
  return new ConsumerLost(reason, { code: FORBIDDEN, description: reason });
}
