import type { CommandContext, CommandMiddleware, DecisionContext } from './command-middleware.js';
import type { UpdateResult } from './update-options.js';

type Layer<Context, T> = ((context: Context, next: () => Promise<T>) => Promise<T>) | undefined;

/** The middleware of a repository: the first is outermost. */
export class MiddlewareChain {
  readonly #middleware: readonly CommandMiddleware[];

  constructor(middleware: readonly CommandMiddleware[]) {
    this.#middleware = middleware;
  }

  /** Runs a command inside of all `command` functions. */
  async command(
    context: CommandContext,
    run: () => Promise<UpdateResult<unknown>>,
  ): Promise<UpdateResult<unknown>> {
    return nested(
      this.#middleware.map((layer) => layer.command?.bind(layer)),
      context,
      run,
    );
  }

  /** Decides inside of all `decision` functions. */
  async decision(
    context: DecisionContext,
    decide: () => Promise<readonly object[]>,
  ): Promise<readonly object[]> {
    return nested(
      this.#middleware.map((layer) => layer.decision?.bind(layer)),
      context,
      decide,
    );
  }
}

async function nested<Context, T>(
  layers: readonly Layer<Context, T>[],
  context: Context,
  innermost: () => Promise<T>,
): Promise<T> {
  return layers.reduceRight<() => Promise<T>>(
    (next, layer) => (layer === undefined ? next : async () => layer(context, next)),
    innermost,
  )();
}
