import type { StreamName } from '../../event/stream-name.js';

/** One aggregate: its id, and the stream that it is stored in. */
export interface AggregateId {
  readonly id: string;
  readonly stream: StreamName;
}
