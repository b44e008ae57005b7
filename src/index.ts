export { EventSourced } from './aggregate/event-sourced.js';
export type { AggregateClass, EventSourcedAggregate } from './aggregate/event-sourced-aggregate.js';
export { Repository, repository } from './aggregate/repository.js';
export type { PastState } from './aggregate/past-state.js';
export type { UpdateOptions, UpdateResult } from './aggregate/update-options.js';
export { connectEventStore } from './event-store/connect-event-store.js';
export type { EventStoreOptions } from './event-store/connect-event-store.js';
export { EventStore } from './event-store/event-store.js';
export type {
  AppendedEvent,
  AppendOptions,
  AppendResult,
  CommitBatch,
  Consistency,
  Expectation,
  FollowOptions,
  ReadAllOptions,
  ReadOptions,
  StreamStatus,
  StreamTail,
  TransactionEntry,
  TransactionResult,
  TransactOptions,
} from './event-store/event-store.js';
export type { StreamPage, StreamPageOptions } from './event-store/stream-page.js';
export type { SubscribeOptions } from './event-store/subscribe-options.js';
export type { Subscription } from './event-store/subscription.js';
export type { ReadAllStart } from './event-store/read-all-start.js';
export type { JetStreamEventStore } from './event-store/jetstream-event-store.js';
export type { Commit, CommitEvent, StoredCommit } from './event/commit.js';
export type { EventRegistry } from './event/event-registry.js';
export { Event } from './event/event-type.js';
export type { EventClass } from './event/event-type.js';
export { withMetadata } from './event/event-with-metadata.js';
export type { EventWithMetadata } from './event/event-with-metadata.js';
export type { JsonValue, Metadata, StoredMetadata } from './event/metadata.js';
export { asPosition, comparePositions } from './event/position.js';
export type { Position } from './event/position.js';
export type { RecordedEvent } from './event/recorded-event.js';
export { stream } from './event/stream-name.js';
export type { StreamName } from './event/stream-name.js';
export type { Version } from './event/version.js';
export type { ConnectionOptions } from './jetstream/connection-options.js';
export type { StoreStreamOptions } from './jetstream/store-stream.js';
export { defineProjection } from './projection/define-projection.js';
export type {
  ProjectedEvents,
  ProjectionDefinition,
  ProjectionHandlers,
  ProjectionOptions,
} from './projection/define-projection.js';
export type { Checkpoint, CheckpointKey } from './projection/checkpoint.js';
export type { ProjectionState, ProjectionStatus } from './projection/projection-status.js';
export type { CheckpointTable, ProjectionStore } from './projection/projection-store.js';
export type { EventHandler } from './projection/event-handler.js';
export type { StartOptions, WaitForOptions } from './projection/projection-runner.js';
export { Projections } from './projection/projections.js';
export type { ProjectionsOptions } from './projection/projections.js';
export type { RebuildOptions, RebuildProgress, RebuildResult, RebuildStart } from './projection/rebuild.js';
export {
  AggregateNotFoundError,
  AppendOutcomeUnknownError,
  CommitRemovedError,
  ConnectionClosedError,
  CorruptStreamError,
  EventRegistrationError,
  InvalidEventError,
  InvalidOptionError,
  InvalidStreamNameError,
  isJetsourceError,
  NatsServerUnavailableError,
  PayloadTooLargeError,
  ProjectionDivergedError,
  ProjectionFailedError,
  ProjectionFencedError,
  StoreNotFoundError,
  StoreSettingsError,
  TransactionConflictError,
  TransportError,
  UnknownProjectionError,
  UnsupportedByServerError,
  WaitTimeoutError,
  WrongExpectedVersionError,
} from './kernel/errors.js';
export {
  CapturedPatternError,
  ConsumerSettingsError,
  DeadLetterNotFoundError,
  ExpectationFailedError,
  NoResponderError,
  NoStreamError,
  PublishOutcomeUnknownError,
  PublishRefusedError,
  RequestTimeoutError,
  StreamSettingsError,
} from './kernel/transport-errors.js';
export type { AnyJetsourceError, TransactionViolation } from './kernel/errors.js';
export type { JetsourceError, Outcome } from './kernel/jetsource-error.js';
