import type { EventStoreOptions } from '../event-store/connect-event-store.js';
import type { ProjectionDefinition } from '../projection/definition/projection-definition.js';

/**
 * Options of `JetsourceModule.forRoot` and `forRootAsync`: those of `connectEventStore`, and the projections
 * that run on the store.
 */
export interface JetsourceModuleOptions extends EventStoreOptions {
  /** Started when the application has been bootstrapped, stopped before it shuts down. @default none */
  readonly projections?: readonly ProjectionDefinition[] | undefined;
}
