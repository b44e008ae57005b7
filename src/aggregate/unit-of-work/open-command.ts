import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { CommandContext } from '../command/command-middleware.js';
import type { MiddlewareChain } from '../command/middleware-chain.js';
import type { UpdateResult } from '../command/update-options.js';

/**
 * One command of a unit of work, inside of the `command` middleware of its repository. The middleware admits
 * it by calling `next`, and gets the result when the unit of work ends.
 */
export class OpenCommand {
  readonly context: CommandContext;
  /** Rejects when the middleware has refused the command. */
  readonly admitted: Promise<void>;
  readonly #returned: Promise<unknown>;
  #succeed: ((result: UpdateResult<unknown>) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;

  constructor(middleware: MiddlewareChain, context: CommandContext) {
    this.context = context;
    const ended = new Promise<UpdateResult<unknown>>((resolve, reject) => {
      this.#succeed = resolve;
      this.#fail = reject;
    });
    let admit: (() => void) | undefined;
    const called = new Promise<void>((resolve) => (admit = resolve));
    this.#returned = middleware.command(context, async () => {
      admit?.();
      return ended;
    });
    this.admitted = Promise.race([called, this.#returned.then(refuseAnswer)]);
    // each of them is awaited later, or not at all
    for (const promise of [ended, this.#returned, this.admitted]) promise.catch(() => undefined);
  }

  /** @throws what the middleware throws after the unit of work has been stored. */
  async succeed(result: UpdateResult<unknown>): Promise<void> {
    this.#succeed?.(result);
    await this.#returned;
  }

  /** Tells the middleware why the unit of work failed. What it makes of that is ignored. */
  async fail(error: unknown): Promise<void> {
    this.#fail?.(error);
    await this.#returned.catch(() => undefined);
  }
}

function refuseAnswer(): never {
  throw new InvalidOptionError({
    option: 'middleware',
    given: 'a command function that returned without calling next()',
    allowed: 'one that calls next() or throws, where an aggregate is part of a unit of work',
  });
}
