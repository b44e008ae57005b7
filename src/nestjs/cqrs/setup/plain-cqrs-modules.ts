import type { ModulesContainer } from '@nestjs/core';
import { CqrsModule, EventBus } from '@nestjs/cqrs';
import { CqrsSetupError } from './cqrs-setup-error.js';
import { DurableEventBus } from '../publish/durable-event-bus.js';

/**
 * A `CqrsModule` beside this one has buses of its own: events that are published there would stay in memory.
 *
 * @throws {@link CqrsSetupError} naming the modules that import one.
 */
export function checkNoOtherBus(modules: ModulesContainer): void {
  const plain = [...modules.values()].filter(
    ({ metatype, providers }) =>
      metatype === CqrsModule && !(providers.get(EventBus)?.instance instanceof DurableEventBus),
  );
  if (plain.length === 0) return;
  const importing = [...modules.values()]
    .filter(({ imports }) => plain.some((module) => imports.has(module)))
    .map(({ name }) => name);
  throw new CqrsSetupError(
    `${importing.join(', ') || 'a module'} imports CqrsModule, whose EventBus keeps events in memory; remove the ` +
      'import: JetsourceCqrsModule provides the buses to all modules',
  );
}
