/**
 * An aggregate as three pure parts: a state to begin with, a function that decides which events a command leads to, and one that folds an event into
 * the state. It refuses a command by throwing.
 *
 * `evolve` returns a new state and leaves the one that it was given as it is: states are cached, and shared between callers.
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
  readonly initialState: State;
  /** One event, several, or none (an empty list) when the command changes nothing. May be asynchronous. */
  readonly decide: (command: Command, state: State) => Decided<Event> | PromiseLike<Decided<Event>>;
  readonly evolve: (state: State, event: Event) => State;
}

/** What a decision comes to. */
export type Decided<Event extends object> = Event | readonly Event[];

export function asEvents<Event extends object>(decided: Decided<Event>): readonly Event[] {
  return Array.isArray(decided) ? (decided as readonly Event[]) : [decided as Event];
}
