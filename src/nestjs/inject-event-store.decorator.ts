import { Inject } from '@nestjs/common';
import { eventStoreToken } from './store-tokens.js';

/**
 * Injects the store of that alias; the one without an alias is injected by its class, {@link EventStore}.
 *
 * @example
 * constructor(\@InjectEventStore('billing') private readonly billing: EventStore) {}
 */
export function InjectEventStore(alias?: string): ParameterDecorator & PropertyDecorator {
  return Inject(eventStoreToken(alias));
}
