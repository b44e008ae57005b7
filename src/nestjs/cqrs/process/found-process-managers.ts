import type { ModulesContainer } from '@nestjs/core';
import type { ProcessManager } from '../../../reaction/process/process-manager.js';
import type { ReactionOptions } from '../../../reaction/reactor/reactor-definition.js';
import { CqrsSetupError } from '../setup/cqrs-setup-error.js';
import { processManagerOf } from './process-manager-of.js';
import { processManagerOptionsOf } from '../../process/process-manager.decorator.js';

/** A provider with {@link ProcessManager}. */
export interface FoundProcessManager {
  readonly label: string;
  readonly manager: ProcessManager;
}

/**
 * The providers with {@link ProcessManager} in all modules; a class that several provide runs once.
 *
 * @throws {@link CqrsSetupError} when one cannot be run.
 */
export function findProcessManagers(
  modules: ModulesContainer,
  reactions: ReactionOptions | undefined,
): FoundProcessManager[] {
  const found = new Map<unknown, FoundProcessManager>();
  for (const wrapper of [...modules.values()].flatMap(({ providers }) => [...providers.values()])) {
    const instance = wrapper.instance as object | null | undefined;
    const type: unknown = instance?.constructor ?? wrapper.metatype;
    if (typeof type !== 'function' || found.has(type) || processManagerOptionsOf(type) === undefined)
      continue;
    if (!wrapper.isDependencyTreeStatic() || instance === undefined || instance === null) {
      throw new CqrsSetupError(
        `process manager ${type.name} is scoped to requests, as may be providers that it injects; ` +
          'it has one instance',
      );
    }
    found.set(type, { label: type.name, manager: { ...reactions, ...processManagerOf(instance) } });
  }
  return [...found.values()];
}
