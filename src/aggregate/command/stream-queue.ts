import { AsyncLocalStorage } from 'node:async_hooks';
import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { Deadline } from '../../kernel/deadline.js';
import { KeyedQueue } from '../../kernel/keyed-queue.js';

/** One for each store: repositories of one store share it. */
const queues = new WeakMap<EventStore, KeyedQueue>();

/**
 * The turns that the running code has: a command inside of a command on the same stream must not wait for
 * itself.
 */
const turns = new AsyncLocalStorage<readonly Turn[]>();

interface Turn {
  readonly queue: KeyedQueue;
  readonly stream: string;
}

/** On which stream a command waits for its turn, and how long. */
export interface TurnRequest {
  readonly store: EventStore;
  readonly stream: StreamName;
  /** When it has passed, the command starts without its turn and fails with its own deadline error. */
  readonly deadline: Deadline;
}

/**
 * Runs a command after the earlier ones of this process on the same stream: run at once, they would only
 * conflict.
 */
export async function inTurn<T>(
  { store, stream: name, deadline }: TurnRequest,
  command: () => Promise<T>,
): Promise<T> {
  const queue = queues.get(store) ?? new KeyedQueue();
  queues.set(store, queue);
  const stream = name.toString();
  const mine = turns.getStore() ?? [];
  if (mine.some((turn) => turn.queue === queue && turn.stream === stream)) return command();
  return queue.run(stream, async () => turns.run([...mine, { queue, stream }], command), deadline);
}
