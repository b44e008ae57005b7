import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/** What the server takes for the name of a stream or consumer. */
const ASSET_NAME = /^[^\s.*>/\\]{1,255}$/;

/**
 * The name of a stream or consumer, as it was given.
 *
 * @throws {@link InvalidOptionError} when the server would not take it.
 */
export function assetName(option: string, name: string): string {
  if (typeof name === 'string' && ASSET_NAME.test(name)) return name;
  const allowed = 'a name of at most 255 characters, without white space, dots, wildcards and slashes';
  throw new InvalidOptionError({ option, given: name, allowed });
}

/** A text as part of a name or subject, where the server allows no dots, wildcards, slashes or spaces. */
export function nameToken(text: string): string {
  return text.replace(/[^\w-]/g, '_');
}
