import type { RecordedEvent } from '../../event/recorded-event.js';
import type { Position } from '../../event/position.js';
import type { Checkpoint } from '../store/checkpoint.js';
import type { FoldBatch, HandlerContext, ModelFold } from './model-fold.js';
import type { CheckpointTable } from '../store/checkpoint-table.js';
import type { ModelId } from '../store/model-id.js';
import type { ParkedEvent, ParkedTable } from '../store/parked-table.js';
import type { ProjectionStore, ProjectionTransaction } from '../store/projection-store.js';

/** The state after an event, or nothing where the state was changed in place. */
export type LiveHandler<State> = (
  state: State,
  event: RecordedEvent,
  context: HandlerContext,
) => State | void;

/**
 * The model of a live projection, in memory, with its checkpoint. Nothing is rolled back: when a handler
 * throws, the events before its event stay in the state, and are not handled again.
 */
export class LiveStore<State extends object>
  implements ProjectionStore<LiveStore<State>>, ModelFold<LiveStore<State>>
{
  readonly #initial: () => State;
  readonly #handlers: ReadonlyMap<string, LiveHandler<State>>;
  #state: State;
  #checkpoint: Checkpoint | undefined;
  /** Ids of the events after the checkpoint that were handled in transactions that failed later. */
  readonly #handled = new Set<string>();
  /** Ids of the events of the transaction in progress. */
  #inTransaction: readonly string[] = [];
  /** Whether a handler threw: it may have changed a part of the state. */
  #isTorn = false;
  readonly #parked = new Map<Position, ParkedEvent>();

  constructor(initial: () => State, handlers: ReadonlyMap<string, LiveHandler<State>>) {
    this.#initial = initial;
    this.#handlers = handlers;
    this.#state = initial();
  }

  get state(): State {
    return this.#state;
  }

  async transact<R>(
    _model: ModelId | undefined,
    work: (transaction: ProjectionTransaction<LiveStore<State>>) => Promise<R>,
  ): Promise<R> {
    const checkpoint = this.#checkpoint;
    this.#inTransaction = [];
    const parts = { tx: this, checkpoints: this.#checkpoints, parked: this.#parkedTable, models: undefined };
    try {
      const result = await work(parts);
      if (this.#checkpoint !== checkpoint) this.#settled();
      return result;
    } catch (error) {
      this.#checkpoint = checkpoint;
      throw error;
    }
  }

  /** What was handled is in the checkpoint. Events after it may have been handled as well. */
  #settled(): void {
    for (const id of this.#inTransaction) this.#handled.delete(id);
  }

  async apply(_tx: LiveStore<State>, batch: FoldBatch): Promise<void> {
    const { events, context } = batch;
    this.#inTransaction = events.map(({ id }) => id);
    for (const [index, event] of events.entries()) {
      if (this.#handled.has(event.id)) continue;
      batch.handles(index);
      this.#isTorn = true;
      this.#state = this.#handlers.get(event.type)?.(this.#state, event, context) ?? this.#state;
      this.#isTorn = false;
      this.#handled.add(event.id);
    }
  }

  async clear(): Promise<void> {
    this.#state = this.#initial();
    this.#handled.clear();
    this.#isTorn = false;
  }

  /** A torn state is no base for later events: then there is no checkpoint, and the model is built again. */
  readonly #checkpoints: CheckpointTable = {
    find: async () => (this.#isTorn ? undefined : this.#checkpoint),
    list: async () => (this.#isTorn || this.#checkpoint === undefined ? [] : [this.#checkpoint]),
    replace: async (previous, next) => {
      const stored = this.#isTorn && previous === undefined ? undefined : this.#checkpoint;
      if (stored?.epoch !== previous?.epoch || stored?.position !== previous?.position) return false;
      this.#checkpoint = next;
      return true;
    },
    remove: async () => {
      this.#checkpoint = undefined;
      return true;
    },
  };

  readonly #parkedTable: ParkedTable = {
    add: async (_model, event) => void this.#parked.set(event.position, event),
    list: async () => [...this.#parked.values()],
    remove: async (_model, position) => this.#parked.delete(position),
    clear: async () => this.#parked.clear(),
  };
}
