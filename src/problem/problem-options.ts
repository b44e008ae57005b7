import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';
import { checkRefusals, type Refusals } from './refusals.js';

/** Options of {@link problemDetails}. */
export interface ProblemOptions {
  /**
   * Errors by which your own code refuses a request: their messages are for the client. Classes, whose status
   * is 422, or a map from class to status. A class stands for those that extend it. Errors of jetsource may be
   * among them, which gives them another status.
   *
   * @default none
   */
  readonly refusals?: Refusals | undefined;
  /** The member `instance`: a URI reference of what failed, such as the path of the request. @default none */
  readonly instance?: string | undefined;
  /**
   * What `type` begins with; the code follows. Such as `https://shop.example/problems/`.
   *
   * @default none: `type` is `about:blank`
   */
  readonly typeBase?: string | undefined;
  /**
   * Whether the request says which version it is for by `If-Match`: then a wrong version is 412, not 409.
   *
   * @default false
   */
  readonly isConditional?: boolean | undefined;
}

const OPTIONS = ['refusals', 'instance', 'typeBase', 'isConditional'];

/** @throws {@link InvalidOptionError} when an option does not exist or cannot work. */
export function checkProblemOptions(options: ProblemOptions): void {
  checkKnownOptions(options, OPTIONS);
  checkRefusals(options.refusals);
  for (const option of ['instance', 'typeBase'] as const) {
    const given = options[option];
    if (given === undefined || typeof given === 'string') continue;
    throw new InvalidOptionError({ option, given, allowed: 'a URI reference' });
  }
}
