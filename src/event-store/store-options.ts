import { InvalidOptionError } from '../kernel/invalid-option-error.js';

const STORE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

interface CommonOptions {
  readonly name: unknown;
  readonly events: unknown;
  readonly onUnknownEvent?: unknown;
  readonly onInvalidEvent?: unknown;
}

/** Refuses what no store can be opened with. */
export function checkStoreOptions({ name, events, onUnknownEvent, onInvalidEvent }: CommonOptions): void {
  if (typeof name !== 'string' || !STORE_NAME.test(name)) {
    throw new InvalidOptionError({
      option: 'name',
      given: name,
      allowed: 'a letter, then letters, digits, _ or -, 64 characters at most',
    });
  }
  if (!Array.isArray(events)) {
    throw new InvalidOptionError({ option: 'events', given: events, allowed: 'a list of event types' });
  }
  checkPolicy('onUnknownEvent', onUnknownEvent, ['fail', 'skip', 'raw']);
  checkPolicy('onInvalidEvent', onInvalidEvent, ['accept', 'skip', 'fail']);
}

function checkPolicy(option: string, given: unknown, policies: readonly string[]): void {
  if (given === undefined || policies.includes(given as string)) return;
  throw new InvalidOptionError({ option, given, allowed: `one of ${policies.join(', ')}` });
}
