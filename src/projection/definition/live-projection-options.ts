import type { RecordedEvent } from '../../event/recorded-event.js';
import type { HandlerContext } from '../fold/model-fold.js';
import type { CommonProjectionOptions, DataOf, ProjectedEvents } from './projection-options.js';

/**
 * For each event type, the state after the event: a new state, or nothing where the handler has changed the
 * state in place.
 */
export type LiveHandlers<Events extends ProjectedEvents, State extends object> = {
  readonly [Name in keyof Events]: (
    state: State,
    event: RecordedEvent<DataOf<Events[Name]>>,
    context: HandlerContext,
  ) => State | void;
};

/** Options of {@link defineProjection} in live style. */
export interface LiveProjectionOptions<
  Events extends ProjectedEvents,
  State extends object,
> extends CommonProjectionOptions<Events> {
  /** Makes the state before the first event. */
  initial(): State;
  /** A handler for each of `events`, called in the order of the log. */
  readonly on: LiveHandlers<Events, State>;
}
