import type { ModulesContainer } from '@nestjs/core';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { Projections } from '../../projection/projections.js';
import { eventStoreToken } from '../store-tokens.js';
import { waitsOf } from './wait-for-projection.decorator.js';

/**
 * Looks at what the routes of all controllers wait for.
 *
 * @throws {@link UnknownProjectionError} when a projection of the event store is not there,
 * {@link InvalidOptionError} when no event store has the alias.
 */
export function checkWaits(
  modules: ModulesContainer,
  eventStore: string | undefined,
  projections: Projections,
): void {
  const controllers = [...modules.values()].flatMap((module) => [...module.controllers.values()]);
  const decorated = controllers.flatMap(({ metatype }) =>
    metatype ? [metatype, ...methodsOf(metatype)] : [],
  );
  for (const wait of decorated.flatMap(waitsOf)) {
    requireStore(modules, wait.eventStore);
    if (wait.eventStore !== eventStore) continue;
    for (const projection of wait.projections) projections.status(projection);
  }
}

function requireStore(modules: ModulesContainer, alias: string | undefined): void {
  const token = eventStoreToken(alias);
  if ([...modules.values()].some(({ providers }) => providers.has(token))) return;
  const allowed = 'the alias of a JetsourceModule.forRoot of the application';
  throw new InvalidOptionError({ option: 'eventStore of @WaitForProjection', given: alias, allowed });
}

function methodsOf({ prototype }: { readonly prototype?: unknown }): object[] {
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return [];
  const own = Object.values(Object.getOwnPropertyDescriptors(prototype));
  const methods = own.map(({ value }): unknown => value).filter((value) => typeof value === 'function');
  return [...methods, ...methodsOf({ prototype: Object.getPrototypeOf(prototype) as unknown })];
}
