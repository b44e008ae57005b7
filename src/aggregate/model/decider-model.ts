import type { JsonValue } from '../../event/json-value.js';
import type { AggregateModel, SnapshotCodec } from './aggregate-model.js';
import type { Decider } from './decider.js';

/** A decider as a repository sees it. */
export class DeciderModel<Event extends object, State> implements AggregateModel<State> {
  readonly changesInPlace = false;
  readonly name: string;
  readonly snapshot: SnapshotCodec<State>;
  readonly #decider: Pick<Decider<never, Event, State>, 'initialState' | 'evolve'>;

  constructor(
    name: string,
    decider: Pick<Decider<never, Event, State>, 'initialState' | 'evolve'>,
    codec: SnapshotCodec<State> = asJson<State>(),
  ) {
    this.name = name;
    this.#decider = decider;
    this.snapshot = codec;
  }

  initial(): State {
    return this.#decider.initialState;
  }

  fold(state: State, events: readonly object[]): State {
    // that the category holds these types only is the promise of the repository's caller
    return (events as readonly Event[]).reduce((folded, event) => this.#decider.evolve(folded, event), state);
  }

  afterCommit(state: State, stored: readonly object[]): State {
    return this.fold(state, stored);
  }

  leftovers(): number {
    return 0;
  }
}

/** For states that are JSON already. */
function asJson<State>(): SnapshotCodec<State> {
  return {
    toSnapshot: (state) => state as JsonValue,
    fromSnapshot: (snapshot) => snapshot as State,
  };
}
