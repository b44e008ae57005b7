export { EventSourced } from './aggregate/model/event-sourced.js';
export type { EventSourcedAggregate } from './aggregate/model/event-sourced-aggregate.js';
export type { CommandMiddleware } from './aggregate/command/command-middleware.js';
export type { Decider } from './aggregate/model/decider.js';
export type { DeciderRepository, HandleResult, LoadedState } from './aggregate/decider-repository.js';
export { jetStreamSnapshots } from './snapshot-store/jetstream-snapshots.js';
export { repository } from './aggregate/repository.js';
export type { Repository } from './aggregate/repository.js';
export type { ClassRepositoryOptions, DeciderRepositoryOptions } from './aggregate/repository-options.js';
export type { Snapshot, SnapshotStore } from './aggregate/snapshot/snapshot.js';
export type { UpdateOptions, UpdateResult } from './aggregate/command/update-options.js';
export { unitOfWork } from './aggregate/unit-of-work/unit-of-work.js';
export type { UnitOfWork } from './aggregate/unit-of-work/unit-of-work.js';
export { connectEventStore } from './event-store/connect-event-store.js';
export type { EventStoreOptions } from './event-store/connect-event-store.js';
export { EventStore } from './event-store/event-store.js';
export type { AppendOptions, AppendResult, Expectation } from './event-store/append/append-options.js';
export type { NotifyOptions, NotifyResult } from './event-store/notify/notify-options.js';
export { NotifyIncompleteError } from './event-store/notify/notify-errors.js';
export type { StoredNotification } from './event-store/notify/notify-errors.js';
export type { ReadOptions } from './event-store/read/read-options.js';
export type { ReadAllOptions } from './event-store/replay/read-all-options.js';
export type { StreamStatus } from './event-store/read/stream-status.js';
export type { TransactionEntry, TransactionResult } from './event-store/append/transact-options.js';
export type { SubscribeOptions } from './event-store/replay/subscribe-options.js';
export type { Subscription } from './event-store/replay/subscription.js';
export { StartNotInLogError } from './event-store/replay/start-errors.js';
export type { JetStreamEventStore } from './event-store/jetstream-event-store.js';
export type { EventDefinition } from './event/event-registry.js';
export { Event } from './event/event-type.js';
export type { EventClass } from './event/event-type.js';
export { eventType } from './event/plain-event-type.js';
export type { DomainEvent, EventOf } from './event/plain-event-type.js';
export { withMetadata } from './event/event-with-metadata.js';
export type { Metadata } from './event/metadata.js';
export { causedBy, currentMetadata, runWithMetadata } from './event/metadata-context.js';
export { asPosition, comparePositions } from './event/position.js';
export type { Position } from './event/position.js';
export type { RecordedEvent } from './event/recorded-event.js';
export { streamName } from './event/stream-name.js';
export type { StreamLike, StreamName } from './event/stream-name.js';
export type { Version } from './event/version.js';
export type { ConnectionOptions } from './jetstream/connection/connection-options.js';
export { kvProjectionStore } from './kv-projection-store/kv-projection-store.js';
export type {
  KvProjectionStore,
  KvProjectionStoreOptions,
} from './kv-projection-store/kv-projection-store.js';
export type { ProjectionStore } from './projection/store/projection-store.js';
export { defineProjection } from './projection/definition/define-projection.js';
export type { ProjectionDefinition } from './projection/definition/projection-definition.js';
export type { ProjectionRef } from './projection/definition/projection-id.js';
export type { ProjectionOptions } from './projection/definition/projection-options.js';
export type { ProjectionStatus } from './projection/projection-status.js';
export { Projections } from './projection/projections.js';
export type { RebuildOptions, RebuildResult } from './projection/rebuild/rebuild-options.js';
export { defineProcessManager } from './reaction/process/define-process-manager.js';
export type { Process } from './reaction/process/process.js';
export type { ProcessManager, ProcessManagerOptions } from './reaction/process/process-manager.js';
export type { ProcessTimerTime } from './reaction/process/process-output.js';
export type {
  CommandContext,
  CommandEncoder,
  CommandExecutor,
  ProcessPorts,
  ProcessTimers,
} from './reaction/process/process-ports.js';
export { processReactors } from './reaction/process/process-reactors.js';
export type { Resume } from './reaction/steps/resume.js';
export type { Steps } from './reaction/steps/steps.js';
export { resumeReactor } from './reaction/steps/resume-reactor.js';
export { resumeWhenDue, timerResume } from './reaction/steps/timer-resume.js';
export { currentSteps, reactorWithSteps, steps } from './reaction/steps/with-steps.js';
export { openTimers } from './reaction/timers/open-timers.js';
export { Timers } from './reaction/timers/timers.js';
export type {
  DueTimer,
  ScheduledTimer,
  ScheduleOptions,
  TimerCommand,
  TimersStatus,
} from './reaction/timers/timers.js';
export type { TimersOptions } from './reaction/timers/timers-options.js';
export { defineReactor } from './reaction/reactor/define-reactor.js';
export { Reactors } from './reaction/reactor/reactors.js';
export type { OrphanedReactor } from './reaction/reactor/orphaned-reactor.js';
export type {
  ReactionContext,
  ReactionOptions,
  ReactorDefinition,
} from './reaction/reactor/reactor-definition.js';
export type { ReactorStart } from './reaction/reactor/reactor-start.js';
export type { ReactorsOptions } from './reaction/reactor/reactors-options.js';
export type { ReactorLaneStatus, ReactorState, ReactorStatus } from './reaction/reactor/reactor-status.js';
export type {
  ParkedQuery,
  ParkedReaction,
  ParkedReactionDetails,
  ParkedSelection,
} from './reaction/reactor/parked-events.js';
export type { WaitUntilHandledOptions } from './reaction/reactor/reactor-waits.js';
export type { ReactionLogger } from './reaction/reaction-logger.js';
export type { ReactionObserver } from './reaction/reaction-observer.js';
export {
  AggregateNotFoundError,
  CommandHandledError,
  CorruptSnapshotError,
  InvalidAggregateError,
  MissingCategoryError,
  MissingEventHandlerError,
  UncommittedEventsError,
} from './aggregate/aggregate-errors.js';
export { BucketNotFoundError } from './kv-projection-store/kv-errors.js';
export { problemDetails } from './problem/problem-details.js';
export type { ProblemBody, ProblemDetails } from './problem/problem-details.js';
export type { ProblemOptions } from './problem/problem-options.js';
export type { ErrorClass, Refusals } from './problem/refusals.js';
export { isJetsourceError } from './errors/any-jetsource-error.js';
export type { AnyJetsourceError } from './errors/any-jetsource-error.js';
export {
  AppendOutcomeUnknownError,
  CommandIdReusedError,
  CommitRemovedError,
  TransactionConflictError,
  WrongExpectedVersionError,
} from './event-store/append/append-errors.js';
export { SubscriptionStuckError } from './event-store/replay/subscription-errors.js';
export type { TransactionViolation } from './event-store/append/append-errors.js';
export {
  CorruptStreamError,
  EventRegistrationError,
  InvalidEventError,
  InvalidStreamNameError,
  UnreadableEventError,
} from './event/event-errors.js';
export {
  ConnectionClosedError,
  NatsError,
  UnsupportedByServerError,
} from './jetstream/connection/connection-errors.js';
export { PayloadTooLargeError } from './jetstream/publish/publish-errors.js';
export {
  StoreNotFoundError,
  StoreSettingsError,
  UnusableReplicaError,
} from './jetstream/streams/stream-errors.js';
export { InvalidOptionError } from './kernel/invalid-option-error.js';
export type { JetsourceError, Outcome } from './kernel/jetsource-error.js';
export { LateOutputError } from './reaction/process/process-errors.js';
export { StepMismatchError, StepsUnavailableError } from './reaction/steps/step-errors.js';
export { ConsumerSettingsError } from './jetstream/consume/consumer-errors.js';
export { DeadLetterNotFoundError } from './jetstream/dead-letters/dead-letter-errors.js';
export { HandlerTimeoutError } from './reaction/delivery/handler-timeout-error.js';
export { ReactorsStartedError, UnknownReactorError } from './reaction/reactor/reactor-errors.js';
export { UnrecoverableError } from './reaction/unrecoverable-error.js';
export { InvalidRowError } from './projection/store/row-errors.js';
export {
  CorruptCheckpointError,
  ProjectionDivergedError,
  ProjectionFailedError,
  ProjectionBusyError,
  ProjectionNotReadyError,
  ProjectionOperationError,
  ProjectionStuckError,
  UnknownProjectionError,
  WaitTimeoutError,
} from './projection/projection-errors.js';
