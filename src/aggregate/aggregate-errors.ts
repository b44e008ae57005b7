import { JetsourceError } from '../kernel/jetsource-error.js';

/** The aggregate was asked for by an id that no events are stored under. */
export class AggregateNotFoundError extends JetsourceError {
  readonly code = 'aggregate-not-found';
  override readonly outcome = 'not-applied';
  override readonly name = 'AggregateNotFoundError';
  readonly stream: string;

  constructor(details: { stream: string }, options?: ErrorOptions) {
    super(`${details.stream} does not exist`, options);
    this.stream = details.stream;
  }
}

/** An aggregate has no method for an event of its stream, and was told to fail then. Add the method, or let it ignore such events. */
export class MissingEventHandlerError extends JetsourceError {
  readonly code = 'missing-event-handler';
  override readonly outcome = 'not-applied';
  override readonly name = 'MissingEventHandlerError';
  /** The class of the aggregate. */
  readonly aggregate: string;
  /** The type of the event. */
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

/** The command that a unit of work handles was handled before: it ends, and the caller gets the first result. The work may see this, the caller not. */
export class CommandHandledError extends JetsourceError {
  readonly code = 'command-handled';
  override readonly outcome = 'not-applied';
  override readonly name = 'CommandHandledError';

  constructor(details: { commandId: string }, options?: ErrorOptions) {
    super(`command ${details.commandId} was handled before; let this error pass`, options);
  }
}
