import type { JsonValue } from '../../event/json-value.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { processIdOf } from '../../reaction/process/correlation.js';
import type { ProcessManager } from '../../reaction/process/process-manager.js';
import { type ProcessReaction, reactTo } from '../../reaction/process/react-to.js';

/** Why an event led to nothing. */
export type IgnoredInput = { readonly ignored: 'it belongs to no process' | 'its process has ended' };

/** The processes of one process manager, in memory. */
export class ProcessRun {
  readonly #manager: ProcessManager;
  readonly #processes = new Map<string, { readonly state: JsonValue; readonly ended: boolean }>();

  constructor(manager: ProcessManager) {
    this.#manager = manager;
  }

  /** @throws what the process manager throws. */
  async handle(event: RecordedEvent): Promise<ProcessReaction | IgnoredInput> {
    const id = processIdOf(this.#manager, event);
    if (id === undefined) return { ignored: 'it belongs to no process' };
    const before = this.#processes.get(id);
    if (before?.ended === true) return { ignored: 'its process has ended' };
    const reaction = await reactTo(this.#manager, { id, state: before?.state }, event);
    this.#processes.set(id, reaction);
    return reaction;
  }
}
