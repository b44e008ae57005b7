import { checkOptionsObject, checkSignal } from '../checked-options.js';

/** Options of {@link Projections.start}. */
export interface StartOptions {
  /** Ends the waiting for the replay to begin, with its reason. The projections keep trying. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** @throws {@link InvalidOptionError} when an option does not exist or cannot work. */
export function checkStartOptions(options: StartOptions): void {
  checkOptionsObject(options, { object: 'options', known: ['signal'] });
  checkSignal(options.signal);
}
