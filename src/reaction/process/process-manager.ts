import type { EventClass } from '../../event/event-type.js';
import type { EventDefinition } from '../../event/event-registry.js';
import type { PlainEventType } from '../../event/plain-event-type.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { ReactionOptions } from '../reactor/reactor-definition.js';
import type { Process } from './process.js';

/**
 * The recorded event of any of the types. Those of plain types can be told apart by `type`, those of classes by
 * `data instanceof`.
 */
export type InputOf<Definition extends EventDefinition> =
  Definition extends PlainEventType<infer Type, infer Data>
    ? RecordedEvent<Data> & { readonly type: Type }
    : Definition extends EventClass<infer Instance>
      ? RecordedEvent<Instance>
      : never;

/** What {@link defineProcessManager} is given. Its reaction options say how inputs are delivered. */
export interface ProcessManagerOptions<
  State = unknown,
  Definition extends EventDefinition = EventDefinition,
> extends ReactionOptions {
  /**
   * Names the processes in the store, and their consumers: stable, and its own in the store. A letter,
   * then letters, digits, `_` or `-`, 64 characters at most.
   */
  readonly name: string;
  /** The event types that are its inputs. */
  readonly events: readonly Definition[];
  /**
   * Which process an event belongs to; one that does not exist begins with it. `null` or undefined for an event
   * that belongs to none. Must follow from the event alone.
   */
  correlate(event: InputOf<Definition>): string | null | undefined;
  /** The state that a process begins with. States are what JSON can hold. */
  initial(): State;
  /**
   * What an input leads to: the new state, and what `process` is told. Returning nothing leaves the state as it
   * is. The state that it is given is frozen. It may run more than once for one input, when another instance
   * handles an input of the same process at the same time or a server fails, so effects belong into commands.
   * What it throws ends the attempt: nothing is stored, and the input is tried again, then parked.
   */
  react(
    state: State,
    event: InputOf<Definition>,
    process: Process,
  ): State | undefined | void | Promise<State | undefined | void>;
}

/** A process manager, made by {@link defineProcessManager}. */
export type ProcessManager<
  State = unknown,
  Definition extends EventDefinition = EventDefinition,
> = ProcessManagerOptions<State, Definition>;
