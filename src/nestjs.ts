export { AggregateFeature, aggregateFeature } from './nestjs/aggregate-feature.js';
export type { CorrelationOptions, TracePropagation } from './nestjs/correlation-options.js';
export { JetsourceHealthIndicator } from './nestjs/health/jetsource-health-indicator.js';
export type { JetsourceHealth, JetsourceHealthOptions } from './nestjs/health/jetsource-health-indicator.js';
export type { ProjectionHealth } from './nestjs/health/projection-health.js';
export type { ReadYourWritesOptions } from './nestjs/http/read-your-writes-options.js';
export { WaitForProjection } from './nestjs/http/wait-for-projection.decorator.js';
export type { WaitForProjectionOptions } from './nestjs/http/wait-for-projection.decorator.js';
export { InjectEventStore } from './nestjs/inject-event-store.decorator.js';
export { InjectProjections } from './nestjs/inject-projections.decorator.js';
export { InjectRepository, repositoryToken } from './nestjs/inject-repository.decorator.js';
export { JetsourceModule } from './nestjs/jetsource.module.js';
export type { JetsourceModuleOptions } from './nestjs/jetsource-module-options.js';
export { On } from './nestjs/projection/on.decorator.js';
export { LiveProjection, Projection } from './nestjs/projection/projection.decorator.js';
export type {
  LiveProjectionClass,
  StatementProjectionClass,
} from './nestjs/projection/projection.decorator.js';
export { projectionOf } from './nestjs/projection/projection-of.js';
export { ProjectionClassError } from './nestjs/projection/projection-class-errors.js';
export type {
  LiveProjectionClassOptions,
  ProjectionClassOptions,
  ProjectionStoreRef,
  RowProjectionClassOptions,
} from './nestjs/projection/projection-class-options.js';
export { JetsourceExceptionFilter } from './problem/jetsource-exception.filter.js';
export type { JetsourceExceptionFilterOptions } from './problem/jetsource-exception.filter.js';
export { eventStoreToken, healthIndicatorToken, projectionsToken } from './nestjs/store-tokens.js';
