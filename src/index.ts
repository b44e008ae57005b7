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
  ReadAllStart,
  ReadOptions,
  StreamStatus,
  StreamTail,
} from './event-store/event-store.js';
export type { JetStreamEventStore } from './event-store/jetstream-event-store.js';
export type { Commit, CommitEvent, StoredCommit } from './event/commit.js';
export type { EventRegistry } from './event/event-registry.js';
export { Event } from './event/event-type.js';
export type { EventClass } from './event/event-type.js';
export type { JsonValue, Metadata, StoredMetadata } from './event/metadata.js';
export { asPosition, comparePositions } from './event/position.js';
export type { Position } from './event/position.js';
export type { RecordedEvent } from './event/recorded-event.js';
export { stream } from './event/stream-name.js';
export type { StreamName } from './event/stream-name.js';
export type { Version } from './event/version.js';
export type { ConnectionOptions } from './jetstream/connection-options.js';
export type { StoreStreamOptions } from './jetstream/store-stream.js';
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
  StoreSettingsError,
  TransportError,
  UnknownProjectionError,
  UnsupportedByServerError,
  WaitTimeoutError,
  WrongExpectedVersionError,
} from './kernel/errors.js';
export type { AnyJetsourceError } from './kernel/errors.js';
export type { JetsourceError, Outcome } from './kernel/jetsource-error.js';
