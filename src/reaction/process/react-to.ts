import { InvalidEventError } from '../../event/event-errors.js';
import type { JsonValue } from '../../event/json-value.js';
import { copyPlainJson, PlainJsonFault } from '../../event/plain-json.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { deepFreeze } from '../../kernel/deep-freeze.js';
import type { ProcessManager } from './process-manager.js';
import type { ProcessOutput } from './process-output.js';
import { RecordedProcess } from './recorded-process.js';

/** What an input led to. Nothing of it is stored yet. */
export interface ProcessReaction {
  readonly state: JsonValue;
  readonly outputs: readonly ProcessOutput[];
  readonly ended: boolean;
}

/** A process before an input. */
export interface ProcessBefore {
  readonly id: string;
  /** Undefined for a process that begins. */
  readonly state: JsonValue | undefined;
}

/**
 * Runs `react` on an input. Has no effects of its own.
 *
 * @throws what `react` throws; {@link InvalidEventError} when JSON cannot hold the state.
 */
export async function reactTo(
  manager: ProcessManager,
  { id, state }: ProcessBefore,
  event: RecordedEvent,
): Promise<ProcessReaction> {
  const before = deepFreeze(state ?? plainState(manager, manager.initial()));
  const process = new RecordedProcess(manager.name, id);
  try {
    const after = await manager.react(before, event, process);
    const { outputs, ended } = process;
    return { state: after === undefined ? before : plainState(manager, after), outputs: [...outputs], ended };
  } finally {
    process.close();
  }
}

function plainState({ name }: ProcessManager, state: unknown): JsonValue {
  try {
    return copyPlainJson(state, { root: `the state of ${name}` });
  } catch (cause) {
    if (cause instanceof PlainJsonFault) throw new InvalidEventError(cause.message, { cause });
    throw cause;
  }
}
