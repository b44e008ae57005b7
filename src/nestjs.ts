export { AggregateFeature, aggregateFeature } from './nestjs/aggregate-feature.js';
export { InjectEventStore } from './nestjs/inject-event-store.decorator.js';
export { InjectProjections } from './nestjs/inject-projections.decorator.js';
export { InjectRepository, repositoryToken } from './nestjs/inject-repository.decorator.js';
export { JetsourceModule } from './nestjs/jetsource.module.js';
export type { JetsourceModuleOptions } from './nestjs/jetsource-module-options.js';
export { eventStoreToken, projectionsToken } from './nestjs/store-tokens.js';
