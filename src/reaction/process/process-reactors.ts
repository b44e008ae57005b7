import type { EventStore } from '../../event-store/event-store.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { ReactorDefinition } from '../reactor/reactor-definition.js';
import { PROCESS_CATEGORY } from './process-log.js';
import { ProcessInputs } from './process-inputs.js';
import type { ProcessManager } from './process-manager.js';
import { OUTPUT_EVENTS, ProcessOutputs } from './process-outputs.js';
import type { ProcessPorts } from './process-ports.js';
import { PLAIN_COMMANDS } from './stored-command.js';

/** Name of the reactor that sends what processes have stored. */
export const PROCESS_OUTPUTS = 'process-outputs';

/**
 * The reactors that run process managers: one for the inputs of each, and one that sends the outputs of all. They
 * belong into one service: run them with its `Reactors`.
 *
 * An output that keeps failing is parked on its own; the others of its process go on.
 *
 * @throws {@link InvalidOptionError} when two have one name, or one is named `process-outputs`.
 * @example
 * const reactors = new Reactors(
 *   store,
 *   processReactors(store, [fulfilment], { execute: (command) => commands.run(command) }),
 *   { service: 'shop' },
 * );
 */
export function processReactors(
  store: EventStore,
  managers: readonly ProcessManager[],
  ports: ProcessPorts,
): ReactorDefinition[] {
  if (managers.length === 0) return [];
  const names = checkedNames(managers);
  const { commands = PLAIN_COMMANDS, timers } = ports;
  const inputs = managers.map((manager) =>
    inputReactor(manager, new ProcessInputs(manager, { store, commands, hasTimers: timers !== undefined })),
  );
  const outputs = new ProcessOutputs(store, names, ports);
  return [
    ...inputs,
    {
      ...ports.outputs,
      name: PROCESS_OUTPUTS,
      categories: [PROCESS_CATEGORY],
      events: OUTPUT_EVENTS,
      // what was stored before its first start is sent as well
      from: 'beginning',
      handle: async (event, context) => outputs.send(event, context),
    },
  ];
}

function inputReactor(manager: ProcessManager, inputs: ProcessInputs): ReactorDefinition {
  const { name, events, maxAttempts, backoffMs, timeoutMs, concurrency, lanes, from } = manager;
  const options = { maxAttempts, backoffMs, timeoutMs, concurrency, lanes, from };
  return { ...options, name, events, handle: async (event, { signal }) => inputs.handle(event, signal) };
}

function checkedNames(managers: readonly ProcessManager[]): ReadonlySet<string> {
  const names = new Set([PROCESS_OUTPUTS]);
  for (const { name } of managers) {
    if (names.has(name)) {
      const allowed = `a name that no other process manager has, and not ${PROCESS_OUTPUTS}`;
      throw new InvalidOptionError({ option: 'name', given: name, allowed });
    }
    names.add(name);
  }
  names.delete(PROCESS_OUTPUTS);
  return names;
}
