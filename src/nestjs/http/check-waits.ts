import type { ModulesContainer } from '@nestjs/core';
import type { Projections } from '../../projection/projections.js';
import { waitsOf } from './wait-for-projection.decorator.js';

/**
 * Looks at what the routes of all controllers wait for.
 *
 * @throws {@link UnknownProjectionError} when a projection of the event store is not there.
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
    if (wait.eventStore !== eventStore) continue;
    for (const projection of wait.projections) projections.status(projection);
  }
}

function methodsOf({ prototype }: { readonly prototype?: unknown }): object[] {
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return [];
  const own = Object.values(Object.getOwnPropertyDescriptors(prototype));
  const methods = own.map(({ value }): unknown => value).filter((value) => typeof value === 'function');
  return [...methods, ...methodsOf({ prototype: Object.getPrototypeOf(prototype) as unknown })];
}
