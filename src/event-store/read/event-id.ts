import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

const EVENT_ID = /^[^/]+\/\d{1,7}(\.\d{1,4})?$/;

/** @throws {@link InvalidOptionError} when a text cannot be the id of an event. */
export function checkEventId(given: unknown): void {
  if (typeof given === 'string' && EVENT_ID.test(given)) return;
  throw new InvalidOptionError({ option: 'id', given, allowed: 'the id of an event: <commit id>/<index>' });
}
