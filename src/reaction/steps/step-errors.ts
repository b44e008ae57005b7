import { JetsourceError } from '../../kernel/jetsource-error.js';

/** What does not fit. */
export interface StepMismatch {
  readonly reactor: string;
  readonly eventId: string;
  /** Name of the step that the code calls; undefined when the handler has returned. */
  readonly called: string | undefined;
  /** Names of the stored steps that the code should have called by then. */
  readonly missing: readonly string[];
}

/**
 * The code of a handler does not fit the steps that an earlier attempt has stored: a step that was done is not
 * called any more, or another one is called in its place. The step that was called did not run, and its event is
 * parked at once. Let the code call the stored steps in their order again (new ones belong after them), and
 * redrive the event; or discard it.
 */
export class StepMismatchError extends JetsourceError {
  readonly code = 'step-mismatch';
  override readonly outcome = 'not-applied';
  override readonly name = 'StepMismatchError';
  /** Name of the reactor. */
  readonly reactor: string;
  /** Id of the event that is handled. */
  readonly eventId: string;
  /** Name of the step that the code calls; undefined when the handler has returned. */
  readonly called: string | undefined;
  /** Names of the stored steps that the code should have called by then. */
  readonly missing: readonly string[];

  constructor({ reactor, eventId, called, missing }: StepMismatch, options?: ErrorOptions) {
    const now = called === undefined ? 'the handler has returned' : `step ${called} is called`;
    super(
      `${reactor}: ${now} without ${missing.join(', ')}, which an earlier attempt at event ${eventId} has done; ` +
        'the code has changed: call the stored steps in their order again, new ones after them',
      options,
    );
    this.reactor = reactor;
    this.eventId = eventId;
    this.called = called;
    this.missing = missing;
  }
}

const OUTSIDE =
  'steps can be used while a handler runs only: in the handler of a reactor, and in what it calls and awaits';

/** Steps are used where there are none: outside of a handler of a reactor that has them. Nothing was run. */
export class StepsUnavailableError extends JetsourceError {
  readonly code = 'steps-unavailable';
  override readonly outcome = 'not-applied';
  override readonly name = 'StepsUnavailableError';

  constructor(reason: string = OUTSIDE, options?: ErrorOptions) {
    super(reason, options);
  }
}
