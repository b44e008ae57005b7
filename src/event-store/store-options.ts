import { InvalidOptionError } from '../kernel/errors.js';

const STORE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Refuses what no store can be opened with. */
export function checkStoreOptions({
  name,
  events,
}: {
  readonly name: unknown;
  readonly events: unknown;
}): void {
  if (typeof name !== 'string' || !STORE_NAME.test(name)) {
    throw new InvalidOptionError({
      option: 'name',
      given: name,
      allowed: 'a letter, then letters, digits, _ or -, 64 characters at most',
    });
  }
  if (!Array.isArray(events)) {
    throw new InvalidOptionError({ option: 'events', given: events, allowed: 'a list of event classes' });
  }
}
