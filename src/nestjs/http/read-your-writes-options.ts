import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';

/** How requests read what earlier requests have written: `readYourWrites` of `JetsourceModule.forRoot`. */
export interface ReadYourWritesOptions {
  /**
   * The header that tells a position: of responses, and of requests to routes with {@link WaitForProjection}.
   *
   * @default 'x-jetsource-position'; 'x-jetsource-position-billing' for the store with the alias billing
   */
  readonly header?: string | undefined;
  /** How long a request waits for the projections, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number | undefined;
}

/** {@link ReadYourWritesOptions} with their defaults. */
export interface ResolvedReadYourWrites {
  /** In lower case, as Node has the headers of requests. */
  readonly header: string;
  readonly timeoutMs: number;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** @throws {@link InvalidOptionError} when an option does not exist or cannot work. */
export function resolveReadYourWrites(
  options: ReadYourWritesOptions = {},
  alias?: string,
): ResolvedReadYourWrites {
  checkKnownOptions(options, ['header', 'timeoutMs'], 'readYourWrites.');
  const suffix = alias === undefined ? '' : `-${alias.replaceAll(/[^0-9A-Za-z-]/g, '-')}`;
  const { header = `x-jetsource-position${suffix}` } = options;
  if (typeof header !== 'string' || !TOKEN.test(header)) {
    const allowed = 'the name of an HTTP header';
    throw new InvalidOptionError({ option: 'readYourWrites.header', given: header, allowed });
  }
  const timeoutMs = integerOption('readYourWrites.timeoutMs', options.timeoutMs, {
    fallback: 5_000,
    max: LONGEST_TIMER_MS,
  });
  return { header: header.toLowerCase(), timeoutMs };
}
