import type { StreamName } from '../../event/stream-name.js';
import type { UpdateOptions, UpdateResult } from './update-options.js';

/** The command that a middleware stands round. */
export interface CommandContext {
  readonly stream: StreamName;
  /** What `handle` was given; undefined for an `update`. */
  readonly command: unknown;
  readonly options: UpdateOptions;
}

/** A decision under way: one attempt of a command. */
export interface DecisionContext extends CommandContext {
  /** 1 for the first one. */
  readonly attempt: number;
  /** The state that is decided on. */
  readonly state: unknown;
  readonly version: number;
}

/**
 * Stands round the commands of a repository: for authorization, logging, limits. Of several, the first is outermost. Both parts may be left out.
 *
 * @example
 * const log: CommandMiddleware = {
 *   command: async ({ stream }, next) => {
 *     const result = await next();
 *     console.log(`${stream} is at version ${result.version} after ${result.attempts} attempts`);
 *     return result;
 *   },
 * };
 */
export interface CommandMiddleware {
  /** Called once for each command, however often it is decided. */
  readonly command?:
    | ((
        context: CommandContext,
        next: () => Promise<UpdateResult<unknown>>,
      ) => Promise<UpdateResult<unknown>>)
    | undefined;

  /**
   * Called for each decision, so again after a conflict. What it returns is stored: all of the events, fewer, or none; it refuses by throwing.
   */
  readonly decision?:
    | ((context: DecisionContext, next: () => Promise<readonly object[]>) => Promise<readonly object[]>)
    | undefined;
}

/** One function that calls the layers from the first to the last, and then what they stand round. */
export function nested<Context, T>(
  layers: readonly (((context: Context, next: () => Promise<T>) => Promise<T>) | undefined)[],
  context: Context,
  innermost: () => Promise<T>,
): Promise<T> {
  return layers.reduceRight<() => Promise<T>>(
    (next, layer) => (layer === undefined ? next : async () => layer(context, next)),
    innermost,
  )();
}
