/**
 * The stack of a call that fails later, outside of its caller's stack: V8 follows awaits only, and neither
 * an Observable nor a callback is one. The frames become text when the call fails, so a call that succeeds
 * pays little.
 */
export class CallSite {
  readonly #holder: { stack?: unknown } = {};

  constructor() {
    Error.captureStackTrace(this.#holder, CallSite);
  }

  /** Appends the frames of the call to the error's stack, unless they are in it or it has none. */
  addTo(error: unknown): void {
    const { stack } = (error ?? {}) as { stack?: unknown };
    const frames = framesOf(this.#holder.stack);
    if (frames === undefined || typeof stack !== 'string' || stack.includes(frames)) return;
    // a frozen error keeps its stack
    Reflect.set(error as object, 'stack', `${stack}${frames}`);
  }
}

/**
 * The lines of a stack after its heading; undefined if a hook of the application formats stacks otherwise.
 */
function framesOf(stack: unknown): string | undefined {
  const start = typeof stack === 'string' ? stack.indexOf('\n    at ') : -1;
  return start < 0 ? undefined : (stack as string).slice(start);
}
