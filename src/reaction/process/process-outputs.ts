import type { Metadata } from '../../event/metadata.js';
import { withMetadata } from '../../event/event-with-metadata.js';
import { causedBy, runWithMetadata } from '../../event/metadata-context.js';
import {
  PROCESS_EVENT,
  PROCESS_TIMER,
  PROCESS_TIMER_CANCEL,
  STORED_COMMAND,
} from '../../event/own-event-types.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { EventStore } from '../../event-store/event-store.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { DataOf } from '../../projection/definition/projection-options.js';
import type { ReactionContext } from '../reactor/reactor-definition.js';
import type { ProcessPorts, ProcessTimers } from './process-ports.js';

/** The event types that outputs are stored as. */
export const OUTPUT_EVENTS = [STORED_COMMAND, PROCESS_EVENT, PROCESS_TIMER, PROCESS_TIMER_CANCEL];

/** Sends the stored outputs of processes. */
export class ProcessOutputs {
  readonly #store: EventStore;
  readonly #managers: ReadonlySet<string>;
  readonly #ports: ProcessPorts;

  /** @param managers Names of the process managers whose outputs are sent. */
  constructor(store: EventStore, managers: Iterable<string>, ports: ProcessPorts) {
    this.#store = store;
    this.#managers = new Set(managers);
    this.#ports = ports;
  }

  /** Resolves when the output was taken. Outputs of process managers of other services are left to them. */
  async send(output: RecordedEvent, context: ReactionContext): Promise<void> {
    const [manager, id] = splitOnce(output.stream.id);
    if (id === undefined || !this.#managers.has(manager)) return;
    await runWithMetadata(causedBy(output), async () => this.#send(output, { manager, id }, context));
  }

  async #send(
    output: RecordedEvent,
    process: { readonly manager: string; readonly id: string },
    { attempt, signal }: ReactionContext,
  ): Promise<void> {
    const { id, type, data } = output;
    if (type === STORED_COMMAND.name) {
      await this.#ports.execute(data as DataOf<typeof STORED_COMMAND>, { id, process, attempt, signal });
    } else if (type === PROCESS_EVENT.name) {
      const events = this.#revive(output);
      // an upcast may have made nothing of it
      if (events.length > 0) await this.#store.notify(events, { commandId: id, signal });
    } else if (type === PROCESS_TIMER.name) {
      const timer = data as DataOf<typeof PROCESS_TIMER>;
      await this.#timers().schedule(timer.command, { id: timer.id, at: new Date(timer.at), commandId: id });
    } else if (type === PROCESS_TIMER_CANCEL.name) {
      await this.#timers().cancel((data as DataOf<typeof PROCESS_TIMER_CANCEL>).id);
    }
  }

  /** The event that is to be published, upcast to today's schema. */
  #revive({ data, stream, position, metadata }: RecordedEvent): object[] {
    const stored = data as DataOf<typeof PROCESS_EVENT>;
    const { registry } = this.#store;
    const decoded = registry.decode(stored, { stream, position, metadata }, () => true);
    const own = stored.metadata as Metadata | undefined;
    const events = decoded.map((event) => registry.domainEventOf(event));
    return own === undefined ? events : events.map((event) => withMetadata(event, own));
  }

  #timers(): ProcessTimers {
    const { timers } = this.#ports;
    if (timers !== undefined) return timers;
    const allowed = 'given to the process managers: a process has stored a timer';
    throw new InvalidOptionError({ option: 'timers', given: timers, allowed });
  }
}

/** The parts before and after the first slash. The names of process managers have none. */
function splitOnce(text: string): [string, string?] {
  const slash = text.indexOf('/');
  return slash < 0 ? [text] : [text.slice(0, slash), text.slice(slash + 1)];
}
