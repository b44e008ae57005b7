import { InvalidOptionError } from '../kernel/invalid-option-error.js';

const STORE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

interface CommonOptions {
  readonly name: unknown;
  readonly events: unknown;
  readonly onUnknownEvent?: unknown;
  readonly onInvalidEvent?: unknown;
}

/** Refuses options with which no store can be opened. */
export function checkStoreOptions({ name, events, onUnknownEvent, onInvalidEvent }: CommonOptions): void {
  checkStoreName('name', name);
  if (!Array.isArray(events)) {
    throw new InvalidOptionError({ option: 'events', given: events, allowed: 'a list of event types' });
  }
  checkPolicy('onUnknownEvent', onUnknownEvent, ['fail', 'skip', 'raw']);
  checkPolicy('onInvalidEvent', onInvalidEvent, ['accept', 'skip', 'fail']);
}

/** @throws {@link InvalidOptionError} when the text can name neither a store nor its JetStream stream. */
export function checkStoreName(option: string, given: unknown): void {
  if (typeof given === 'string' && STORE_NAME.test(given)) return;
  throw new InvalidOptionError({
    option,
    given,
    allowed: 'a letter, then letters, digits, _ or -, 64 characters at most',
  });
}

function checkPolicy(option: string, given: unknown, policies: readonly string[]): void {
  if (given === undefined || policies.includes(given as string)) return;
  throw new InvalidOptionError({ option, given, allowed: `one of ${policies.join(', ')}` });
}
