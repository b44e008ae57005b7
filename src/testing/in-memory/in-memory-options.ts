import type { EventPolicies } from '../../event/event-decoder.js';
import type { EventDefinition } from '../../event/event-registry.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { checkStoreOptions } from '../../event-store/store-options.js';

const OPTIONS = ['name', 'events', 'maxPayload', 'onUnknownEvent', 'onInvalidEvent'];
/** The default limit of a nats-server, in bytes. */
const DEFAULT_MAX_PAYLOAD = 1_048_576;

/** Options of {@link inMemoryEventStore}. */
export interface InMemoryEventStoreOptions extends EventPolicies {
  /** The store's name, as of a store on a server. @default 'in-memory' */
  readonly name?: string | undefined;
  /** The event types: classes decorated with {@link Event}, and what {@link eventType} declared. */
  readonly events: readonly EventDefinition[];
  /**
   * The largest commit that is accepted, in bytes as a server counts them; a larger one is refused.
   * @default 1_048_576
   */
  readonly maxPayload?: number | undefined;
}

export interface ResolvedInMemoryOptions extends EventPolicies {
  readonly name: string;
  readonly events: readonly EventDefinition[];
  readonly maxPayload: number;
}

/** @throws {@link InvalidOptionError} for what a store on a server refuses as well. */
export function resolveInMemoryOptions(options: InMemoryEventStoreOptions): ResolvedInMemoryOptions {
  const { cipher, ...known } = options;
  checkKnownOptions(known, OPTIONS);
  const { name = 'in-memory', events, onUnknownEvent, onInvalidEvent } = known;
  checkStoreOptions({ name, events, onUnknownEvent, onInvalidEvent });
  return {
    name,
    events,
    onUnknownEvent,
    onInvalidEvent,
    cipher,
    maxPayload: integerOption('maxPayload', options.maxPayload, { fallback: DEFAULT_MAX_PAYLOAD }),
  };
}
