import { AsyncLocalStorage } from 'node:async_hooks';
import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { Deadline } from '../../kernel/deadline.js';
import { KeyedQueue } from '../../kernel/keyed-queue.js';

/** One for each store, whichever repositories share it. */
const queues = new WeakMap<EventStore, KeyedQueue>();

/** The turns that the code under way has: a command inside a command on the same stream must not wait for itself. */
const turns = new AsyncLocalStorage<readonly Turn[]>();

interface Turn {
  readonly queue: KeyedQueue;
  readonly stream: string;
}

/** Runs a command when those of this process that came before it on the same stream are done: at once, they would only conflict. */
export async function inTurn<T>(
  store: EventStore,
  name: StreamName,
  deadline: Deadline,
  command: () => Promise<T>,
): Promise<T> {
  const queue = queues.get(store) ?? new KeyedQueue();
  queues.set(store, queue);
  const stream = name.toString();
  const mine = turns.getStore() ?? [];
  if (mine.some((turn) => turn.queue === queue && turn.stream === stream)) return command();
  return queue.run(stream, async () => turns.run([...mine, { queue, stream }], command), deadline);
}
