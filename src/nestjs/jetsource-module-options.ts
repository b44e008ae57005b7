import type { EventStoreOptions } from '../event-store/connect-event-store.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import { checkDefinitions } from '../projection/definition/check-definitions.js';
import type { ProjectionDefinition } from '../projection/definition/projection-definition.js';
import type { ProjectionStore } from '../projection/store/projection-store.js';
import {
  type CorrelationOptions,
  type ResolvedCorrelation,
  resolveCorrelation,
} from './correlation-options.js';
import {
  type ReadYourWritesOptions,
  type ResolvedReadYourWrites,
  resolveReadYourWrites,
} from './http/read-your-writes-options.js';

/**
 * Options of `JetsourceModule.forRoot` and `forRootAsync`: those of `connectEventStore`, and the projections
 * that run on the store.
 */
export interface JetsourceModuleOptions extends EventStoreOptions {
  /**
   * Projections that are no classes; those with {@link Projection} are found among the providers. Started when
   * the application has been bootstrapped, stopped before it shuts down.
   *
   * @default none
   */
  readonly projections?: readonly ProjectionDefinition[] | undefined;
  /** The database of projection classes that name none. @default each class has to name its own */
  readonly projectionStore?: ProjectionStore<unknown> | undefined;
  /**
   * How long the start of the application waits for projections in live style to read what is stored, in
   * milliseconds. Then it fails with {@link WaitTimeoutError}.
   *
   * @default 60_000
   */
  readonly liveTimeoutMs?: number | undefined;
  /** How requests read what earlier requests have written. @default as the options of it say */
  readonly readYourWrites?: ReadYourWritesOptions | undefined;
  /**
   * How appends get the correlation id and the trace of their request. False: they do not, and responses have no
   * header of it. With several stores, each module has to say so.
   *
   * @default as the options of it say
   */
  readonly correlation?: CorrelationOptions | false | undefined;
}

/** {@link JetsourceModuleOptions} of the module itself, with their defaults. */
export interface ResolvedModuleOptions {
  readonly projections: readonly ProjectionDefinition[];
  readonly projectionStore: ProjectionStore<unknown> | undefined;
  readonly liveTimeoutMs: number;
  readonly readYourWrites: ResolvedReadYourWrites;
  /** Undefined where it is off. */
  readonly correlation: ResolvedCorrelation | undefined;
  /** Those of `connectEventStore`. */
  readonly store: EventStoreOptions;
}

/** @throws {@link InvalidOptionError} when an option of the module cannot work. */
export function resolveModuleOptions(
  {
    projections = [],
    projectionStore,
    liveTimeoutMs,
    readYourWrites,
    correlation,
    ...store
  }: JetsourceModuleOptions,
  alias: string | undefined,
): ResolvedModuleOptions {
  checkDefinitions(projections);
  checkProjectionStore(projectionStore);
  return {
    projections,
    projectionStore,
    liveTimeoutMs: integerOption('liveTimeoutMs', liveTimeoutMs, { fallback: 60_000, max: LONGEST_TIMER_MS }),
    readYourWrites: resolveReadYourWrites(readYourWrites, alias),
    correlation: resolveCorrelation(correlation),
    store,
  };
}

function checkProjectionStore(given: Partial<ProjectionStore<unknown>> | undefined): void {
  if (given === undefined || typeof given?.transact === 'function') return;
  const allowed = 'a ProjectionStore, such as postgresProjectionStore(…)';
  throw new InvalidOptionError({ option: 'projectionStore', given, allowed });
}
