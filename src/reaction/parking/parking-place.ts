import type { AttemptRecords } from '../../jetstream/dead-letters/attempt-records.js';
import type { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';

/** Keeps messages that were given up, until they are redriven or removed, and the attempts at others. */
export interface ParkingPlace extends Pick<DeadLetterStream, 'name' | 'put' | 'remove'> {
  readonly attempts: Pick<AttemptRecords, 'find' | 'lastKeyIn' | 'keep' | 'remove'>;
}
