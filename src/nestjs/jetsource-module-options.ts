import type { EventStoreOptions } from '../event-store/connect-event-store.js';
import type { ProjectionDefinition } from '../projection/definition/projection-definition.js';

/**
 * What `JetsourceModule.forRoot` and `forRootAsync` take: the options of `connectEventStore`, and what runs
 * on the store.
 */
export interface JetsourceModuleOptions extends EventStoreOptions {
  /** Started when the application has been bootstrapped, stopped before it shuts down. @default none */
  readonly projections?: readonly ProjectionDefinition[] | undefined;
}
