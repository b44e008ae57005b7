import type { InjectionToken } from '@nestjs/common';
import { EventStore } from '../event-store/event-store.js';
import { Projections } from '../projection/projections.js';
import { JetsourceHealthIndicator } from './health/jetsource-health-indicator.js';

/** The token of a store: the class itself, or a token of its own for a store with an alias. */
export function eventStoreToken(alias?: string): InjectionToken<EventStore> {
  return alias === undefined ? EventStore : `EventStore(${alias})`;
}

/** The token of a store's projections. */
export function projectionsToken(alias?: string): InjectionToken<Projections> {
  return alias === undefined ? Projections : `Projections(${alias})`;
}

/**
 * The token of a store's health indicator: the class itself for the store without an alias.
 *
 * @example
 * constructor(\@Inject(healthIndicatorToken('billing')) private readonly billing: JetsourceHealthIndicator) {}
 */
export function healthIndicatorToken(alias?: string): InjectionToken<JetsourceHealthIndicator> {
  return alias === undefined ? JetsourceHealthIndicator : `JetsourceHealthIndicator(${alias})`;
}
