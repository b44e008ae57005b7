import type { NewEvent } from '../../event/new-event.js';
import type { EventStore } from '../../event-store/event-store.js';

/** A store that takes events which belong to no stream. */
export interface ProcessStore extends EventStore {
  notify(
    events: readonly NewEvent[],
    options?: { readonly commandId?: string | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<unknown>;
}
