import { type InjectionToken, Scope } from '@nestjs/common';
import { ModuleRef, type ModulesContainer } from '@nestjs/core';
import type { EventStore } from '../../event-store/event-store.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { describeProjection } from '../../projection/definition/projection-id.js';
import type { ProjectionDefinition } from '../../projection/definition/projection-definition.js';
import type { ProjectionStore } from '../../projection/store/projection-store.js';
import { eventStoreToken } from '../store-tokens.js';
import { processManagerOptionsOf } from '../process/process-manager.decorator.js';
import { defineFromClass } from './define-from-class.js';
import { type FoundProjection, refuse } from './found-projection.js';
import { onMethodsOf, projectionMetadataOf } from './projection-class-metadata.js';
import type { ProjectionStoreRef } from './projection-class-options.js';

type NestModule = ModulesContainer extends Map<string, infer Module> ? Module : never;
type Wrapper = NestModule['providers'] extends Map<InjectionToken, infer Provider> ? Provider : never;

/** The event store whose projections are looked for. */
export interface ExploredStore {
  readonly alias: string | undefined;
  readonly eventStore: EventStore;
  /** The database of classes that name none. */
  readonly projectionStore: ProjectionStore<unknown> | undefined;
}

/** A provider with its module. */
interface HostedProjection extends FoundProjection {
  readonly host: NestModule;
}

/**
 * Finds the providers with {@link Projection} and {@link LiveProjection} in all modules of an application.
 * To be used when all providers have been created.
 */
export class ProjectionExplorer {
  readonly #modules: ModulesContainer;

  constructor(modules: ModulesContainer) {
    this.#modules = modules;
  }

  /**
   * The projections of an event store.
   *
   * @throws {@link ProjectionClassError} when a class cannot be run.
   */
  definitionsFor(store: ExploredStore): ProjectionDefinition[] {
    const defined: { readonly by: string; readonly id: string }[] = [];
    return this.#findAll()
      .filter(
        (found) =>
          this.#storeModuleOf(found).getProviderByKey(eventStoreToken(store.alias))?.instance ===
          store.eventStore,
      )
      .map((found) => {
        const definition = defineFromClass(found, () => this.#databaseOf(found, store));
        requireKnownEvents(found, definition, store.eventStore);
        const id = describeProjection(definition);
        const by = `${found.className} of ${found.moduleName}`;
        const same = defined.find((other) => other.id === id);
        if (same !== undefined) throw refuse(found, `${by} and ${same.by} are both projection ${id}`);
        defined.push({ by, id });
        return definition;
      });
  }

  #findAll(): HostedProjection[] {
    const found = new Map<object, HostedProjection>();
    for (const host of this.#modules.values()) {
      for (const wrapper of host.providers.values()) {
        const projection = inspect(wrapper, host);
        // an alias of a provider has the same instance
        if (projection !== undefined) found.set(projection.instance, projection);
      }
    }
    return [...found.values()];
  }

  /** The module of the event store that a class is for. */
  #storeModuleOf(found: HostedProjection): NestModule {
    const alias = found.metadata.options.eventStore;
    const token = eventStoreToken(alias);
    const candidates = [...this.#modules.values()].filter(({ providers }) => providers.has(token));
    const imported = candidates.filter((candidate) => found.host.imports.has(candidate));
    const [module, other] = candidates.length > 1 ? imported : candidates;
    if (module !== undefined && other === undefined) return module;
    const which = alias === undefined ? 'without an alias' : `with the alias ${alias}`;
    throw refuse(
      found,
      candidates.length === 0
        ? `no JetsourceModule.forRoot provides an event store ${which}; see its option eventStore`
        : `its module imports none, or several, of the event stores ${which}; give each an alias of its own`,
    );
  }

  #databaseOf(found: HostedProjection, { projectionStore }: ExploredStore): ProjectionStore<unknown> {
    const { options } = found.metadata;
    const ref = 'store' in options ? options.store : undefined;
    if (ref !== undefined) return isToken(ref) ? this.#provided(found, ref) : ref;
    if (projectionStore !== undefined) return projectionStore;
    throw refuse(
      found,
      'it has no database; give its option store, or projectionStore of JetsourceModule.forRoot',
    );
  }

  /** What the module of a class provides under a token, else what any module does. */
  #provided(
    found: HostedProjection,
    token: InjectionToken<ProjectionStore<unknown>>,
  ): ProjectionStore<unknown> {
    const { instance: modules } = found.host.getProviderByKey<ModuleRef>(ModuleRef);
    try {
      const strict = found.host.hasProvider(token);
      return modules.get<ProjectionStore<unknown>>(token as symbol, { strict });
    } catch (cause) {
      throw refuse(found, `its database ${nameOf(token)} is provided by no module`, cause);
    }
  }
}

function inspect(wrapper: Wrapper, host: NestModule): HostedProjection | undefined {
  const type = classOf(wrapper);
  if (type === undefined) return undefined;
  const metadata = projectionMetadataOf(type);
  const named = { className: type.name };
  if (metadata === undefined) {
    const isOther = processManagerOptionsOf(type) !== undefined;
    if (isOther || onMethodsOf(type.prototype).length === 0) return undefined;
    throw refuse(
      named,
      'it has methods with @On, but is not decorated itself; add @Projection or @LiveProjection',
    );
  }
  if (wrapper.isTransient || wrapper.scope === Scope.REQUEST || !wrapper.isDependencyTreeStatic()) {
    throw refuse(
      named,
      'it is scoped to requests, or transient, as are providers that it injects; a projection has one instance',
    );
  }
  return { ...named, moduleName: host.name, metadata, instance: wrapper.instance as object, host };
}

/** The class of a provider; undefined for a value without one. */
function classOf({ isNotMetatype, metatype, instance }: Wrapper): (new () => unknown) | undefined {
  const type: unknown = isNotMetatype ? (instance as object | null | undefined)?.constructor : metatype;
  return typeof type === 'function' ? (type as new () => unknown) : undefined;
}

/** An undeclared event would be skipped for good. */
function requireKnownEvents(
  found: FoundProjection,
  { events }: ProjectionDefinition,
  { registry }: EventStore,
): void {
  try {
    for (const event of events.values()) registry.nameOf(event);
  } catch (error) {
    if (!hasJetsourceBrand(error)) throw error;
    throw refuse(found, error.message, error);
  }
}

function isToken(ref: ProjectionStoreRef): ref is InjectionToken<ProjectionStore<unknown>> {
  return typeof ref !== 'object';
}

function nameOf(token: InjectionToken): string {
  return typeof token === 'function' ? token.name : String(token);
}
