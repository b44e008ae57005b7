import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import type { ProjectionRef } from '../../projection/definition/projection-id.js';

/** Options of {@link WaitForProjection}. */
export interface WaitForProjectionOptions {
  /** How long a request waits, in milliseconds. @default `readYourWrites.timeoutMs` of the module, 5_000 */
  readonly timeoutMs?: number | undefined;
  /** Alias of the event store that the projections are of. @default the store without an alias */
  readonly eventStore?: string | undefined;
}

/** The projections that a route waits for. */
export interface ProjectionWait extends WaitForProjectionOptions {
  readonly projections: readonly ProjectionRef[];
}

const WAITS = Symbol.for('jetsource.wait-for-projection');

/**
 * Lets a route, or all routes of a controller, wait until projections have reached the position that a request
 * names in the header `x-jetsource-position`. So a client reads what it has written: it sends back the position
 * that the response to its write had. A request without the header does not wait. What a route says takes the
 * place of what its controller says.
 *
 * Wait for projections of another event store in a decorator of its own, with the option `eventStore`.
 *
 * The response is 400 when the header is no position. It is 503 (Service Unavailable, the request is right and
 * may be repeated) when the projections do not get there in time, with `Retry-After`, or do not run.
 *
 * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
 * @example
 * \@Get()
 * \@WaitForProjection('order-list')
 * list(): Promise<OrderRow[]> {
 *   return this.orders.list();
 * }
 */
export function WaitForProjection(
  projections: ProjectionRef | readonly ProjectionRef[],
  options: WaitForProjectionOptions = {},
): ClassDecorator & MethodDecorator {
  const wait: ProjectionWait = { ...options, projections: [projections].flat() };
  checkWait(wait.projections, options);
  return (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const decorated = (descriptor?.value as object | undefined) ?? target;
    const value = [...waitsOf(decorated), wait];
    Object.defineProperty(decorated, WAITS, { value, configurable: true });
  };
}

/** What a route says of the projections of an event store, else what its controller says. */
export function projectionWaitOf(
  { handler, controller }: { readonly handler: object; readonly controller: object },
  eventStore: string | undefined,
): ProjectionWait | undefined {
  return [...waitsOf(handler), ...waitsOf(controller)].find((wait) => wait.eventStore === eventStore);
}

/** What {@link WaitForProjection} says of a method, or of a class and its base classes. */
export function waitsOf(decorated: object): readonly ProjectionWait[] {
  return (decorated as Readonly<Record<symbol, readonly ProjectionWait[] | undefined>>)[WAITS] ?? [];
}

function checkWait(projections: readonly ProjectionRef[], options: WaitForProjectionOptions): void {
  checkKnownOptions(options, ['timeoutMs', 'eventStore']);
  integerOption('timeoutMs', options.timeoutMs, { fallback: 1, max: LONGEST_TIMER_MS });
  if (projections.length > 0) return;
  throw new InvalidOptionError({
    option: 'projections',
    given: projections,
    allowed: 'one or more projections',
  });
}
