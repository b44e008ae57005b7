import type { LiveProjection } from '../../projection/definition/live-projection.js';
import type { ProjectionDefinition } from '../../projection/definition/projection-definition.js';
import type { ProjectionStore } from '../../projection/store/projection-store.js';
import { defineFromClass } from './define-from-class.js';
import { refuse } from './found-projection.js';
import { projectionMetadataOf } from './projection-class-metadata.js';
import type { LiveProjectionClass } from './projection.decorator.js';

/**
 * The definition that an instance of a class with {@link Projection} or {@link LiveProjection} stands for, as
 * `defineProjection` returns it: for tests without an application. The instance is the state of a live one.
 *
 * @param options `store`: the database of the model, whatever the class says; a live projection has none.
 * @throws {@link ProjectionClassError} when the class cannot be run, or has no database.
 * @example
 * const orderList = projectionOf(new OrderList(), { store: inMemoryProjectionStore() });
 * await projectionSpecification(orderList)
 *   .given('order/42', [new OrderPlaced('ada')])
 *   .thenRows('order_list', [{ id: '42', state: 'placed' }]);
 */
export function projectionOf<Tx>(
  instance: object,
  options: { readonly store: ProjectionStore<Tx> },
): ProjectionDefinition<Tx>;
export function projectionOf<State extends LiveProjectionClass>(instance: State): LiveProjection<State>;
export function projectionOf(
  instance: object,
  { store }: { readonly store?: ProjectionStore<unknown> } = {},
): ProjectionDefinition {
  const { constructor } = instance;
  const className = constructor.name;
  const metadata = projectionMetadataOf(constructor);
  if (metadata === undefined)
    throw refuse({ className }, 'its class is not decorated; add @Projection or @LiveProjection');
  const found = { className, moduleName: 'no module', metadata, instance };
  if (metadata.style === 'live' && store !== undefined)
    throw refuse(found, 'a live projection has no store; leave it out');
  return defineFromClass(found, () => {
    if (store !== undefined) return store;
    throw refuse(found, 'it has no database; give the option store of projectionOf');
  });
}
