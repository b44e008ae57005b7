import { JetsourceError } from '../../kernel/jetsource-error.js';

/** There is no reactor of that name among those that were given. */
export class UnknownReactorError extends JetsourceError {
  readonly code = 'unknown-reactor';
  override readonly name = 'UnknownReactorError';
  /** The name that was asked for. */
  readonly reactor: string;

  constructor(
    { reactor, known }: { readonly reactor: string; readonly known: readonly string[] },
    options?: ErrorOptions,
  ) {
    super(`there is no reactor ${reactor}; there are: ${known.join(', ') || 'none'}`, options);
    this.reactor = reactor;
  }
}

/** Reactors were started twice, or after they were stopped. Nothing was started by that: make other ones. */
export class ReactorsStartedError extends JetsourceError {
  readonly code = 'reactors-started';
  override readonly name = 'ReactorsStartedError';

  constructor(reason: string, options?: ErrorOptions) {
    super(`reactors run once: ${reason}; make other ones with new Reactors(…)`, options);
  }
}
