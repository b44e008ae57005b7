import { hasJetsourceBrand } from '../kernel/jetsource-error.js';
import type {
  AggregateNotFoundError,
  CommandHandledError,
  CorruptSnapshotError,
  InvalidAggregateError,
  MissingCategoryError,
  MissingEventHandlerError,
  UncommittedEventsError,
} from '../aggregate/aggregate-errors.js';
import type {
  CorruptStreamError,
  EventRegistrationError,
  InvalidEventError,
  InvalidStreamNameError,
  UnreadableEventError,
} from '../event/event-errors.js';
import type {
  AppendOutcomeUnknownError,
  CommandIdReusedError,
  CommitRemovedError,
  TransactionConflictError,
  WrongExpectedVersionError,
} from '../event-store/append/append-errors.js';
import type { NotifyIncompleteError } from '../event-store/notify/notify-errors.js';
import type { SubscriptionStuckError } from '../event-store/replay/subscription-errors.js';
import type { StartNotInLogError } from '../event-store/replay/start-errors.js';
import type {
  ConnectionClosedError,
  NatsError,
  UnsupportedByServerError,
} from '../jetstream/connection/connection-errors.js';
import type { ConsumerSettingsError } from '../jetstream/consume/consumer-errors.js';
import type { DeadLetterNotFoundError } from '../jetstream/dead-letters/dead-letter-errors.js';
import type {
  ExpectationFailedError,
  PayloadTooLargeError,
  PublishOutcomeUnknownError,
  PublishRefusedError,
} from '../jetstream/publish/publish-errors.js';
import type {
  JetStreamNotFoundError,
  JetStreamSettingsError,
  StoreNotFoundError,
  StoreSettingsError,
  UnusableReplicaError,
} from '../jetstream/streams/stream-errors.js';
import type { InvalidOptionError } from '../kernel/invalid-option-error.js';
import type { CqrsSetupError } from '../nestjs/cqrs/setup/cqrs-setup-error.js';
import type { ProjectionClassError } from '../nestjs/projection/projection-class-errors.js';
import type {
  DriverNotInstalledError,
  ModelNotFoundError,
  NameTakenError,
  TransactionRolledBackError,
  ViewInUseError,
} from '../postgres/postgres-errors.js';
import type {
  CorruptCheckpointError,
  ProjectionDivergedError,
  ProjectionFailedError,
  ProjectionBusyError,
  ProjectionNotReadyError,
  ProjectionOperationError,
  ProjectionStuckError,
  UnknownProjectionError,
  WaitTimeoutError,
} from '../projection/projection-errors.js';
import type { BucketNotFoundError } from '../kv-projection-store/kv-errors.js';
import type { InvalidRowError } from '../projection/store/row-errors.js';
import type { HandlerTimeoutError } from '../reaction/delivery/handler-timeout-error.js';
import type { ReactorsStartedError, UnknownReactorError } from '../reaction/reactor/reactor-errors.js';
import type { NatsServerUnavailableError } from '../testing/nats-server-unavailable-error.js';
import type { LateOutputError } from '../reaction/process/process-errors.js';
import type { StepMismatchError, StepsUnavailableError } from '../reaction/steps/step-errors.js';
import type { UnrecoverableError } from '../reaction/unrecoverable-error.js';
import type {
  CapturedPatternError,
  NoResponderError,
  RequestTimeoutError,
} from '../transport/transport-errors.js';

/** Every error of jetsource, for an exhaustive `switch (error.code)`. */
export type AnyJetsourceError =
  | InvalidOptionError
  | InvalidStreamNameError
  | InvalidEventError
  | EventRegistrationError
  | UnreadableEventError
  | CorruptStreamError
  | WrongExpectedVersionError
  | TransactionConflictError
  | AppendOutcomeUnknownError
  | UnrecoverableError
  | LateOutputError
  | StepMismatchError
  | StepsUnavailableError
  | CommitRemovedError
  | CommandIdReusedError
  | NotifyIncompleteError
  | PayloadTooLargeError
  | NatsError
  | ConnectionClosedError
  | UnsupportedByServerError
  | StoreSettingsError
  | StoreNotFoundError
  | UnusableReplicaError
  | StartNotInLogError
  | JetStreamSettingsError
  | JetStreamNotFoundError
  | ConsumerSettingsError
  | HandlerTimeoutError
  | ReactorsStartedError
  | UnknownReactorError
  | DeadLetterNotFoundError
  | ExpectationFailedError
  | PublishRefusedError
  | PublishOutcomeUnknownError
  | AggregateNotFoundError
  | MissingEventHandlerError
  | CommandHandledError
  | InvalidAggregateError
  | MissingCategoryError
  | UncommittedEventsError
  | CorruptSnapshotError
  | BucketNotFoundError
  | ProjectionClassError
  | CqrsSetupError
  | UnknownProjectionError
  | ProjectionFailedError
  | ProjectionDivergedError
  | ProjectionBusyError
  | ProjectionNotReadyError
  | ProjectionOperationError
  | InvalidRowError
  | ProjectionStuckError
  | SubscriptionStuckError
  | CorruptCheckpointError
  | DriverNotInstalledError
  | TransactionRolledBackError
  | NameTakenError
  | ViewInUseError
  | ModelNotFoundError
  | WaitTimeoutError
  | NatsServerUnavailableError
  | CapturedPatternError
  | NoResponderError
  | RequestTimeoutError;

/** Whether `error` is one of jetsource's, also when another installed copy of the package threw it. */
export function isJetsourceError(error: unknown): error is AnyJetsourceError {
  return hasJetsourceBrand(error);
}
