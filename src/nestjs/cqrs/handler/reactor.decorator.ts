import type { ReactionOptions } from '../../../reaction/reactor/reactor-definition.js';

const REACTOR = Symbol.for('jetsource.reactor-class');

/** Options of {@link Reactor}. Those that are absent come from the module's `reactions`. */
export interface ReactorClassOptions extends ReactionOptions {
  /** Stable name of the handler: its position and its parked events are kept under it. */
  readonly name: string;
  /** Categories whose events it handles. @default all of the application's, and published events */
  readonly categories?: readonly string[] | undefined;
}

/**
 * Names a class with `@EventsHandler`, so that its position survives a new name of the class. The option `names`
 * of `JetsourceCqrsModule` does the same.
 *
 * @example
 * \@Reactor({ name: 'send-receipt', maxAttempts: 10, lanes: 4 })
 * \@EventsHandler(OrderPlaced)
 * class SendReceipt implements IEventHandler<OrderPlaced> {
 *   async handle(event: OrderPlaced): Promise<void> {}
 * }
 */
export function Reactor(options: ReactorClassOptions) {
  return (target: object): void => {
    Object.defineProperty(target, REACTOR, { value: options });
  };
}

/** Undefined for a class that is not decorated itself: a subclass does not inherit it. */
export function reactorOptionsOf(type: object): ReactorClassOptions | undefined {
  if (!Object.hasOwn(type, REACTOR)) return undefined;
  return (type as Readonly<Record<symbol, ReactorClassOptions>>)[REACTOR];
}
