import type { InjectionToken } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { CqrsSetupError } from './cqrs-setup-error.js';

/** The tokens by which the modules of an application are looked for. */
export interface PlaceTokens {
  /** What each `JetsourceCqrsModule` provides once. */
  readonly bus: InjectionToken;
  /** The store that it opens; undefined when it opens none. */
  readonly store: InjectionToken | undefined;
}

/**
 * @throws {@link CqrsSetupError} when the application has another `JetsourceCqrsModule`, or another store with
 * the same alias.
 */
export function checkPlace(modules: ModulesContainer, { bus, store }: PlaceTokens): void {
  const all = [...modules.values()];
  if (all.filter(({ providers }) => providers.has(bus)).length > 1) {
    throw new CqrsSetupError(
      'the application calls JetsourceCqrsModule.forRoot more than once: each call makes buses of its own. Call it ' +
        'once, in the root module; all other modules get the buses without an import',
    );
  }
  if (store === undefined) return;
  if (all.filter(({ isGlobal, providers }) => isGlobal && providers.has(store)).length > 1) {
    throw new CqrsSetupError(
      'JetsourceModule.forRoot and JetsourceCqrsModule.forRoot both open a store. Leave name, servers and the ' +
        'other options of the store out of JetsourceCqrsModule.forRoot (forRootAsync: hasOwnStore: false), which ' +
        'then uses the store of JetsourceModule; or give one of them an alias',
    );
  }
}

/** @throws {@link CqrsSetupError} when no module provides the store that the bus is to stand on. */
export function requireStore<Store>(store: Store | undefined, alias: string | undefined): Store {
  if (store !== undefined) return store;
  const which = alias === undefined ? 'a store' : `a store with the alias ${alias}`;
  throw new CqrsSetupError(
    `no JetsourceModule of the application provides ${which} to all modules; give name and servers to ` +
      'JetsourceCqrsModule.forRoot, or import JetsourceModule.forRoot',
  );
}
