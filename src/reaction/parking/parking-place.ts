import type { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';

/** Keeps messages that were given up, until they are redriven or removed. */
export type ParkingPlace = Pick<DeadLetterStream, 'name' | 'put' | 'remove'>;
