import type { Position } from '../../event/position.js';
import type { ModelId } from './model-id.js';

/** An event that a projection gave up on: a reference to it, and why. It holds nothing of its data. */
export interface ParkedEvent {
  /** Where the event is in the log. */
  readonly position: Position;
  /** Id of the event. */
  readonly eventId: string;
  /** Name of its type. */
  readonly type: string;
  /** Its stream, such as `order/42`. */
  readonly stream: string;
  /** What the handler threw last: name, message and stack as one text. */
  readonly error: string;
  /** How often the handler was called. */
  readonly attempts: number;
  /** When it was parked. */
  readonly parkedAt: Date;
}

/** The parked events of models, as one transaction sees them. */
export interface ParkedTable {
  /** Takes the place of an entry with the same position. */
  add(model: ModelId, event: ParkedEvent): Promise<void>;
  /** By position. */
  list(model: ModelId): Promise<ParkedEvent[]>;
  /** @returns whether it was there. */
  remove(model: ModelId, position: Position): Promise<boolean>;
  /** Removes all of a model: it is built again. */
  clear(model: ModelId): Promise<void>;
}
