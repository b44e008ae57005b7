import { JetsourceError } from '../kernel/jetsource-error.js';

/**
 * No events are stored under the id that an aggregate was asked for. Create it, or answer that it does not
 * exist.
 */
export class AggregateNotFoundError extends JetsourceError {
  readonly code = 'aggregate-not-found';
  override readonly outcome = 'not-applied';
  override readonly name = 'AggregateNotFoundError';
  /** The stream, as `category/id`. */
  readonly stream: string;

  constructor(details: { stream: string }, options?: ErrorOptions) {
    super(`${details.stream} does not exist`, options);
    this.stream = details.stream;
  }
}

/**
 * The class has no method for an event of its stream, and `unhandledEvents` is `'fail'`. Add the method, or
 * let the class ignore such events.
 */
export class MissingEventHandlerError extends JetsourceError {
  readonly code = 'missing-event-handler';
  override readonly outcome = 'not-applied';
  override readonly name = 'MissingEventHandlerError';
  /** Name of the aggregate class. */
  readonly aggregate: string;
  /** Type of the event. */
  readonly event: string;

  constructor(details: { aggregate: string; event: string }, options?: ErrorOptions) {
    super(
      `${details.aggregate} has no method on${details.event} for an event of that type; add it, or leave unhandledEvents at 'ignore'`,
      options,
    );
    this.aggregate = details.aggregate;
    this.event = details.event;
  }
}

/**
 * The command of a unit of work was handled before. The work sees this error where it loads an aggregate, and
 * has to let it pass. The caller of `unitOfWork` does not see it, but gets the result of the first call.
 */
export class CommandHandledError extends JetsourceError {
  readonly code = 'command-handled';
  override readonly outcome = 'not-applied';
  override readonly name = 'CommandHandledError';

  constructor(details: { commandId: string }, options?: ErrorOptions) {
    super(`command ${details.commandId} was handled before; let this error pass`, options);
  }
}

/**
 * What was given as an aggregate is neither an aggregate class nor a decider. The message says what it lacks.
 */
export class InvalidAggregateError extends JetsourceError {
  readonly code = 'invalid-aggregate';
  override readonly name = 'InvalidAggregateError';

  constructor(details: { aggregate: string; reason: string }, options?: ErrorOptions) {
    super(`${details.aggregate} ${details.reason}`, options);
  }
}

/**
 * Nothing says in which category the streams of an aggregate are. Decorate the class, or give the option
 * `category`.
 */
export class MissingCategoryError extends JetsourceError {
  readonly code = 'missing-category';
  override readonly name = 'MissingCategoryError';
  /** Name of the aggregate class; `a decider` for a decider. */
  readonly aggregate: string;

  constructor(details: { aggregate: string; remedy: string }, options?: ErrorOptions) {
    super(`${details.aggregate} has no category; ${details.remedy}`, options);
    this.aggregate = details.aggregate;
  }
}

/**
 * `commit()` was called on an aggregate with uncommitted events. It would publish them without storing them.
 * Call `await repository.save(aggregate)`; the aggregate still has its events.
 */
export class UncommittedEventsError extends JetsourceError {
  readonly code = 'uncommitted-events';
  override readonly outcome = 'not-applied';
  override readonly name = 'UncommittedEventsError';
  /** Name of the aggregate class. */
  readonly aggregate: string;
  /** How many events the aggregate has kept. */
  readonly count: number;

  constructor(details: { aggregate: string; count: number }, options?: ErrorOptions) {
    super(
      `commit() of ${details.aggregate} does not store its ${details.count} uncommitted events; ` +
        `call await repository.save(aggregate) instead`,
      options,
    );
    this.aggregate = details.aggregate;
    this.count = details.count;
  }
}

/**
 * A snapshot cannot be read. Repositories report it to `onWarning` and fold all events instead. A
 * `SnapshotStore` may throw it from `load`.
 */
export class CorruptSnapshotError extends JetsourceError {
  readonly code = 'corrupt-snapshot';
  override readonly name = 'CorruptSnapshotError';
  /** The stream, as `category/id`. */
  readonly stream: string;

  constructor(details: { stream: string; reason: string }, options?: ErrorOptions) {
    super(`the snapshot of ${details.stream} is corrupt: ${details.reason}`, options);
    this.stream = details.stream;
  }
}
