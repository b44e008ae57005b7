import { v4 as randomUuid } from 'uuid';
import { streamName, type StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { ConformanceContext } from './conformance-case.js';

/**
 * Makes the context of one case, with unused names.
 *
 * @param store The store under test.
 * @param open Opens another handle on the same store. The caller closes the handles after the case.
 */
export function conformanceContext(store: EventStore, open: () => Promise<EventStore>): ConformanceContext {
  const category = `case-${randomUuid()}`;
  let streams = 0;
  return {
    store,
    another: open,
    category,
    stream: (of = category): StreamName => streamName(of, `s${++streams}`),
  };
}
