import type { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';

/** Keeps messages that were given up, until somebody redrives or removes them. */
export type ParkingPlace = Pick<DeadLetterStream, 'name' | 'put' | 'remove'>;
