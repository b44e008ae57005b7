export { DurableEventBus } from './nestjs/cqrs/publish/durable-event-bus.js';
export { DurableEventPublisher } from './nestjs/cqrs/publish/durable-event-publisher.js';
export type { Committing } from './nestjs/cqrs/publish/durable-event-publisher.js';
export { CqrsSetupError } from './nestjs/cqrs/setup/cqrs-setup-error.js';
export { JetsourceCqrsModule } from './nestjs/cqrs/jetsource-cqrs.module.js';
export type { BusOptions, JetsourceCqrsOptions } from './nestjs/cqrs/jetsource-cqrs-options.js';
export { Reactor } from './nestjs/cqrs/handler/reactor.decorator.js';
export type { ReactorClassOptions } from './nestjs/cqrs/handler/reactor.decorator.js';
export { CommandTimers } from './nestjs/cqrs/command/command-timers.js';
export { ProcessManager } from './nestjs/process/process-manager.decorator.js';
export type { ProcessManagerClassOptions } from './nestjs/process/process-manager.decorator.js';
export { processManagerOf } from './nestjs/cqrs/process/process-manager-of.js';
export { ReactorsHealthIndicator } from './nestjs/health/reactors-health-indicator.js';
export type {
  ReactorHealth,
  ReactorsHealth,
  ReactorsHealthOptions,
} from './nestjs/health/reactors-health-indicator.js';
