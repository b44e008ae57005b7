import type { RecordedEvent } from '../../event/recorded-event.js';
import type { EventStore } from '../../event-store/event-store.js';
import { WrongExpectedVersionError } from '../../event-store/append/append-errors.js';
import { Deadline } from '../../kernel/deadline.js';
import { KeyedQueue } from '../../kernel/keyed-queue.js';
import { processIdOf } from './correlation.js';
import { encodeOutput } from './encode-outputs.js';
import { ProcessLog } from './process-log.js';
import type { ProcessManager } from './process-manager.js';
import type { CommandEncoder } from './process-ports.js';
import { reactTo } from './react-to.js';

/** How long an input waits for others of its process in this service, before it competes with them. */
const QUEUE_MS = 10_000;

/** What the handling of inputs needs. */
export interface InputParts {
  readonly store: EventStore;
  readonly commands: CommandEncoder;
  readonly hasTimers: boolean;
}

/** Handles the inputs of one process manager, each once for the process that it belongs to. */
export class ProcessInputs {
  readonly #manager: ProcessManager;
  readonly #parts: InputParts;
  readonly #queue = new KeyedQueue();

  constructor(manager: ProcessManager, parts: InputParts) {
    this.#manager = manager;
    this.#parts = parts;
  }

  /** Resolves when what the event leads to is stored. */
  async handle(event: RecordedEvent, signal: AbortSignal): Promise<void> {
    const id = processIdOf(this.#manager, event);
    if (id === undefined) return;
    const log = new ProcessLog(this.#parts.store, { manager: this.#manager.name, id });
    const task = async (): Promise<void> => {
      while (!(await this.#try(log, { id, event, signal }))) signal.throwIfAborted();
    };
    await this.#queue.run(id, task, new Deadline(QUEUE_MS, signal));
  }

  /** @returns false when another instance has handled an input of the process meanwhile. */
  async #try(
    log: ProcessLog,
    {
      id,
      event,
      signal,
    }: { readonly id: string; readonly event: RecordedEvent; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const on = await log.load(signal);
    if (on.ended || (await log.hasHandled(event.id, on, signal))) return true;
    const { outputs, state, ended } = await reactTo(this.#manager, { id, state: on.state }, event);
    const timerPrefix = `${this.#manager.name}/${id}/`;
    const { store, ...parts } = this.#parts;
    const encoding = { ...parts, registry: store.registry, timerPrefix };
    const encoded = outputs.map((output) => encodeOutput(output, encoding));
    try {
      await log.store({ on, input: event, outputs: encoded, state, ended, signal });
      return true;
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) return false;
      throw error;
    }
  }
}
