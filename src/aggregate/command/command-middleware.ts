import type { StreamName } from '../../event/stream-name.js';
import type { UpdateOptions, UpdateResult } from './update-options.js';

/** The command that a middleware is called for. */
export interface CommandContext {
  /** The stream of the aggregate. */
  readonly stream: StreamName;
  /**
   * What `handle` was given, also inside of a unit of work. Undefined for `update` of an aggregate, `create`
   * of a class, `save`, and `load` inside of a unit of work: their decision is a function, not a value.
   */
  readonly command: unknown;
  /**
   * The options of the call, with the defaults of the repository. For `save`: its metadata, with the version
   * that the aggregate was loaded at as `expect` (`'none'` for a new one). Inside of a unit of work: the
   * options of the unit of work, with the `expect` of the aggregate.
   */
  readonly options: UpdateOptions;
}

/** A decision that a middleware is called for: one attempt of a command. */
export interface DecisionContext extends CommandContext {
  /** Number of the attempt, from 1. More than 1 after another writer was first. */
  readonly attempt: number;
  /** The state to decide on; for `save` and inside of a unit of work, the state after the events. */
  readonly state: unknown;
  /** The version that the events are stored after; 0 for a new aggregate. */
  readonly version: number;
}

/**
 * Called round everything that a repository writes: `handle`, `update`, `create`, `save`, and each aggregate
 * of a unit of work. For authorization, logging, limits. Of several, the first is outermost. Both functions
 * are optional.
 *
 * @example
 * const onlyClerks: CommandMiddleware = {
 *   command: async (context, next) => {
 *     if (!currentUser().isClerk) throw new ForbiddenError();
 *     const result = await next();
 *     console.log(`${context.stream} is at version ${result.version} after ${result.attempts} attempts`);
 *     return result;
 *   },
 * };
 */
export interface CommandMiddleware {
  /**
   * Called once for each command, before the aggregate is loaded. Refuses the command by throwing. `next`
   * runs the command; what is returned in place of its result is what the caller gets.
   *
   * Inside of a unit of work: called for the first `load` of each aggregate and for each `handle`, and called
   * again when the unit of work is repeated after a conflict. `next` returns when the unit of work has been
   * stored or has failed. It has to be called: the aggregate cannot be left out.
   */
  readonly command?:
    | ((
        context: CommandContext,
        next: () => Promise<UpdateResult<unknown>>,
      ) => Promise<UpdateResult<unknown>>)
    | undefined;

  /**
   * Called for each decision, so again after a conflict. `next` decides and returns the events. What this
   * function returns is stored: all events, fewer, or none. Refuses the decision by throwing.
   *
   * For `save`, and inside of a unit of work, it is called before the events of an aggregate are stored:
   * `next` returns the events that the aggregate has kept.
   */
  readonly decision?:
    | ((context: DecisionContext, next: () => Promise<readonly object[]>) => Promise<readonly object[]>)
    | undefined;
}
