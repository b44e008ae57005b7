import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';

/**
 * The part of `@opentelemetry/api` that tells the trace of a request. It is an option, so jetsource does not
 * depend on the package.
 */
export interface TracePropagation {
  /** The context API. */
  readonly context: {
    /** The active context. */
    active(): unknown;
  };
  /** The propagation API. */
  readonly propagation: {
    /** Writes a context into headers. */
    inject(context: never, carrier: Record<string, string>): void;
  };
}

/** How a request gets its correlation id and its trace: `correlation` of `JetsourceModule.forRoot`. */
export interface CorrelationOptions {
  /**
   * The headers that may hold the correlation id of a request, in any case. The first one that is there counts. The
   * first one of the list is also the header of the response.
   *
   * @default ['x-correlation-id', 'x-request-id']
   */
  readonly headers?: readonly string[] | undefined;
  /**
   * The module `@opentelemetry/api`: events carry the `traceparent` of the span that is active when the handler
   * begins, rather than the one that the client has sent.
   *
   * @default none: the `traceparent` header of the request
   */
  readonly openTelemetry?: TracePropagation | undefined;
}

/** {@link CorrelationOptions} with their defaults. */
export interface ResolvedCorrelation {
  /** In lower case, as Node has the headers of requests. */
  readonly headers: readonly [string, ...string[]];
  readonly openTelemetry: TracePropagation | undefined;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * @returns Undefined where it is off.
 * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
 */
export function resolveCorrelation(
  options: CorrelationOptions | false = {},
): ResolvedCorrelation | undefined {
  if (options === false) return undefined;
  if (typeof options !== 'object' || options === null) {
    const allowed = 'false, or { headers?, openTelemetry? }';
    throw new InvalidOptionError({ option: 'correlation', given: options, allowed });
  }
  checkKnownOptions(options, ['headers', 'openTelemetry'], 'correlation.');
  const { headers = ['x-correlation-id', 'x-request-id'], openTelemetry } = options;
  checkPropagation(openTelemetry);
  return { headers: headerNames(headers), openTelemetry };
}

function headerNames(given: readonly string[]): readonly [string, ...string[]] {
  const [first, ...others] = Array.isArray(given) ? given.map((name) => String(name).toLowerCase()) : [];
  if (first !== undefined && [first, ...others].every((name) => TOKEN.test(name))) return [first, ...others];
  const allowed = 'one or more names of HTTP headers';
  throw new InvalidOptionError({ option: 'correlation.headers', given, allowed });
}

function checkPropagation(given: Partial<TracePropagation> | undefined): void {
  if (given === undefined) return;
  if (typeof given?.context?.active === 'function' && typeof given.propagation?.inject === 'function') return;
  const allowed = 'the module @opentelemetry/api';
  throw new InvalidOptionError({ option: 'correlation.openTelemetry', given, allowed });
}
