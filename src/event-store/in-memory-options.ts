import type { EventClass } from '../event/event-type.js';
import { checkKnownOptions, integerOption } from '../kernel/options.js';
import { checkStoreOptions } from './store-options.js';

const OPTIONS = ['name', 'events', 'maxPayload'];
/** What a nats-server takes unless it is configured. */
const DEFAULT_MAX_PAYLOAD = 1_048_576;

/** What a store in memory is made with. */
export interface InMemoryEventStoreOptions {
  /** As of a store on a server. @default 'in-memory' */
  readonly name?: string | undefined;
  /** The classes of the events, each decorated with {@link Event}. */
  readonly events: readonly EventClass[];
  /** The largest commit that is taken, in bytes as a server counts them; what is above is refused. @default 1_048_576 */
  readonly maxPayload?: number | undefined;
}

export interface ResolvedInMemoryOptions {
  readonly name: string;
  readonly events: readonly EventClass[];
  readonly maxPayload: number;
}

/** @throws {@link InvalidOptionError} for what a store on a server refuses as well. */
export function resolveInMemoryOptions(options: InMemoryEventStoreOptions): ResolvedInMemoryOptions {
  checkKnownOptions(options, OPTIONS);
  const { name = 'in-memory', events } = options;
  checkStoreOptions({ name, events });
  return { name, events, maxPayload: integerOption('maxPayload', options.maxPayload, DEFAULT_MAX_PAYLOAD) };
}
