export { EventSourced } from './aggregate/model/event-sourced.js';
export type { AggregateClass, EventSourcedAggregate } from './aggregate/model/event-sourced-aggregate.js';
export type { SnapshotCodec } from './aggregate/model/aggregate-model.js';
export type { CacheOptions } from './aggregate/load/aggregate-cache.js';
export type { KeepsSnapshots } from './aggregate/model/class-model.js';
export type {
  CommandContext,
  CommandMiddleware,
  DecisionContext,
} from './aggregate/command/command-middleware.js';
export type { UnhandledEvents } from './aggregate/model/event-handlers.js';
export type { Decided, Decider } from './aggregate/model/decider.js';
export { DeciderRepository } from './aggregate/decider-repository.js';
export type { HandleResult, LoadedState } from './aggregate/decider-repository.js';
export { inMemorySnapshots } from './aggregate/snapshot/in-memory-snapshot-store.js';
export { jetStreamSnapshots } from './snapshot-store/jetstream-snapshots.js';
export { Repository, repository } from './aggregate/repository.js';
export type {
  ClassRepositoryOptions,
  DeciderRepositoryOptions,
  RepositoryOptions,
} from './aggregate/repository-options.js';
export type { PastState } from './aggregate/load/past-state.js';
export type { Snapshot, SnapshotStore, SnapshotStoreOptions } from './aggregate/snapshot/snapshot.js';
export type { SnapshotOptions } from './aggregate/snapshot/snapshot-policy.js';
export type { CommandOptions, UpdateOptions, UpdateResult } from './aggregate/command/update-options.js';
export type { RetryOptions } from './aggregate/write/retry-options.js';
export { unitOfWork } from './aggregate/unit-of-work/unit-of-work.js';
export type { UnitOfWork, UnitOfWorkResult } from './aggregate/unit-of-work/unit-of-work.js';
export type { MemberOptions } from './aggregate/unit-of-work/unit-of-work-member.js';
export { connectEventStore } from './event-store/connect-event-store.js';
export type { EventStoreOptions } from './event-store/connect-event-store.js';
export { EventStore } from './event-store/event-store.js';
export type {
  AppendedEvent,
  AppendOptions,
  AppendResult,
  Expectation,
} from './event-store/append/append-options.js';
export type { CommitBatch, FollowOptions } from './event-store/replay/follow-options.js';
export type { Consistency, ReadOptions } from './event-store/read/read-options.js';
export type { ReadAllOptions } from './event-store/replay/read-all-options.js';
export type { StreamStatus, StreamCommits } from './event-store/read/stream-status.js';
export type {
  TransactionEntry,
  TransactionResult,
  TransactOptions,
} from './event-store/append/transact-options.js';
export type { StreamPage, StreamPageOptions } from './event-store/listing/stream-page.js';
export type { SubscribeOptions } from './event-store/replay/subscribe-options.js';
export type { Subscription } from './event-store/replay/subscription.js';
export type { ReadAllStart } from './event-store/replay/read-all-start.js';
export type { JetStreamEventStore } from './event-store/jetstream-event-store.js';
export { toCloudEvents } from './event/cloud-event.js';
export type { CloudEvent } from './event/cloud-event.js';
export type { Commit, CommitEvent, StoredCommit } from './event/commit.js';
export type { DecodedEvent, EventPolicies } from './event/event-decoder.js';
export type { EventTypeOptions } from './event/event-declaration.js';
export type { EventDefinition, EventRegistry } from './event/event-registry.js';
export { Event } from './event/event-type.js';
export type { EventClass } from './event/event-type.js';
export type { FieldKind, FieldKinds } from './event/field-codec.js';
export { eventType } from './event/plain-event-type.js';
export type { DomainEvent, EventOf, PlainEventType } from './event/plain-event-type.js';
export type { StoredData, Upcast, UpcastEvent, Upcasts } from './event/upcast.js';
export { withMetadata } from './event/event-with-metadata.js';
export type { EventWithMetadata } from './event/event-with-metadata.js';
export type { JsonValue, Metadata, RecordedMetadata, StoredMetadata } from './event/metadata.js';
export { causedBy, currentMetadata, runWithMetadata } from './event/metadata-context.js';
export { asPosition, comparePositions } from './event/position.js';
export type { Position } from './event/position.js';
export type { RecordedEvent } from './event/recorded-event.js';
export { streamName } from './event/stream-name.js';
export type { StreamName } from './event/stream-name.js';
export type { Version } from './event/version.js';
export type { ConnectionOptions } from './jetstream/connection/connection-options.js';
export type { StoreStreamOptions } from './jetstream/streams/store-stream.js';
export type { Checkpoint, CheckpointKey } from './projection/checkpoint/checkpoint.js';
export type { CheckpointTable, ProjectionStore } from './projection/checkpoint/projection-store.js';
export { defineProjection } from './projection/definition/define-projection.js';
export type { EventHandler } from './projection/definition/event-handler.js';
export type { ProjectionDefinition } from './projection/definition/projection-definition.js';
export type { ProjectionId, ProjectionRef } from './projection/definition/projection-id.js';
export type {
  ProjectedEvents,
  ProjectionHandlers,
  ProjectionOptions,
} from './projection/definition/projection-options.js';
export type { StartOptions } from './projection/lifecycle/start-options.js';
export type { WaitForOptions } from './projection/progress/wait-for-options.js';
export type { ProjectionState, ProjectionStatus } from './projection/projection-status.js';
export { Projections } from './projection/projections.js';
export type { ProjectionsOptions } from './projection/projections.js';
export type {
  RebuildOptions,
  RebuildProgress,
  RebuildResult,
  RebuildStart,
} from './projection/rebuild/rebuild-options.js';
export {
  AggregateNotFoundError,
  CommandHandledError,
  CorruptSnapshotError,
  InvalidAggregateError,
  MissingCategoryError,
  MissingEventHandlerError,
  UncommittedEventsError,
} from './aggregate/aggregate-errors.js';
export { isJetsourceError } from './errors/any-jetsource-error.js';
export type { AnyJetsourceError } from './errors/any-jetsource-error.js';
export {
  AppendOutcomeUnknownError,
  CommandIdReusedError,
  CommitRemovedError,
  TransactionConflictError,
  WrongExpectedVersionError,
} from './event-store/append/append-errors.js';
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
export { StoreNotFoundError, StoreSettingsError } from './jetstream/streams/stream-errors.js';
export { InvalidOptionError } from './kernel/invalid-option-error.js';
export type { JetsourceError, Outcome } from './kernel/jetsource-error.js';
export {
  CorruptCheckpointError,
  ProjectionDivergedError,
  ProjectionFailedError,
  ProjectionFencedError,
  UnknownProjectionError,
  WaitTimeoutError,
} from './projection/projection-errors.js';
