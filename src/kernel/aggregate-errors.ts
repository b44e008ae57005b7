import { JetsourceError } from './jetsource-error.js';

/** An aggregate has no method for an event of its stream, and was told to fail then. Add the method, or let it ignore such events. */
export class MissingEventHandlerError extends JetsourceError {
  readonly code = 'missing-event-handler';
  readonly outcome = 'not-applied';
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
  readonly outcome = 'not-applied';
  override readonly name = 'CommandHandledError';

  constructor(details: { commandId: string }, options?: ErrorOptions) {
    super(`command ${details.commandId} was handled before; let this error pass`, options);
  }
}
