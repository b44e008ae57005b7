/**
 * An aggregate as three pure parts: an initial state, a function that decides which events a command leads
 * to, and a function that folds an event into the state. A command is refused by throwing.
 *
 * `evolve` returns a new state and does not change the given one: states are cached, and shared between
 * callers.
 *
 * @example
 * type OrderCommand = { readonly type: 'ship'; readonly carrier: string };
 * type OrderEvent = EventOf<typeof OrderPlaced> | EventOf<typeof OrderShipped>;
 * const order: Decider<OrderCommand, OrderEvent, { readonly isShipped: boolean }> = {
 *   initialState: { isShipped: false },
 *   decide: ({ carrier }, state) => (state.isShipped ? [] : [OrderShipped.create({ carrier })]),
 *   evolve: (state, event) => (event.type === 'OrderShipped' ? { isShipped: true } : state),
 * };
 */
export interface Decider<Command, Event extends object, State> {
  /** The state before the first event. */
  readonly initialState: State;
  /** Returns one event, a list, or an empty list when the command changes nothing. May be asynchronous. */
  readonly decide: (command: Command, state: State) => Decided<Event> | PromiseLike<Decided<Event>>;
  /** The state after an event. Synchronous and without side effects. */
  readonly evolve: (state: State, event: Event) => State;
}

/** What `decide` returns: one event, or a list. */
export type Decided<Event extends object> = Event | readonly Event[];

/** The events of a decision, as a list. */
export function asEvents<Event extends object>(decided: Decided<Event>): readonly Event[] {
  return Array.isArray(decided) ? (decided as readonly Event[]) : [decided as Event];
}
