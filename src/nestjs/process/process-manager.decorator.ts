import type { RecordedEvent } from '../../event/recorded-event.js';
import type { ReactionOptions } from '../../reaction/reactor/reactor-definition.js';

const PROCESS_MANAGER = Symbol.for('jetsource.process-manager-class');

/** Options of {@link ProcessManager}. Reaction options that are absent come from the module's `reactions`. */
export interface ProcessManagerClassOptions<
  State = unknown,
  Event extends object = object,
> extends ReactionOptions {
  /**
   * Names the processes in the store, and their consumers: stable, and its own in the store. A letter, then
   * letters, digits, `_` or `-`, 64 characters at most.
   */
  readonly name: string;
  /** Which process an event belongs to; `null` or undefined for an event that belongs to none. */
  correlate(event: RecordedEvent<Event>): string | null | undefined;
  /** The state that a process begins with: what JSON can hold. */
  initial(): State;
}

/**
 * Makes a provider a process manager. Its methods with {@link On} take an event, the state of the process and the
 * process, and return the new state, or nothing to keep it. See `defineProcessManager`.
 *
 * @example
 * \@ProcessManager({
 *   name: 'fulfilment',
 *   correlate: ({ data }: RecordedEvent<OrderPlaced | OrderPaid>) => data.order,
 *   initial: () => ({ isPaid: false }),
 * })
 * class Fulfilment {
 *   \@On(OrderPlaced)
 *   placed({ data }: RecordedEvent<OrderPlaced>, state: FulfilmentState, process: Process): void {
 *     process.send(new Charge(data.order, data.amount));
 *   }
 * }
 */
export function ProcessManager<State, Event extends object>(
  options: ProcessManagerClassOptions<State, Event>,
) {
  return (target: object): void => {
    Object.defineProperty(target, PROCESS_MANAGER, { value: options });
  };
}

/** Undefined for a class that is not decorated itself: a subclass does not inherit it. */
export function processManagerOptionsOf(type: object): ProcessManagerClassOptions | undefined {
  if (!Object.hasOwn(type, PROCESS_MANAGER)) return undefined;
  return (type as Readonly<Record<symbol, ProcessManagerClassOptions>>)[PROCESS_MANAGER];
}
