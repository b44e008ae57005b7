import type { EventDefinition } from '../../event/event-registry.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import type { ProcessManager, ProcessManagerOptions } from './process-manager.js';

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const FUNCTIONS = ['correlate', 'initial', 'react'] as const;
const OPTIONS = [
  'name',
  'events',
  ...FUNCTIONS,
  'maxAttempts',
  'backoffMs',
  'timeoutMs',
  'concurrency',
  'lanes',
  'from',
];

/**
 * Defines a process manager: a workflow over several streams. Each event leads one process to a new state and to
 * outputs: commands, events, timers. The state and the outputs are stored in one commit, once for each input;
 * then the outputs are sent, at least once.
 *
 * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
 * @example
 * const fulfilment = defineProcessManager({
 *   name: 'fulfilment',
 *   events: [OrderPlaced, ParcelSent],
 *   correlate: ({ data }) => data.order,
 *   initial: () => ({ isPaid: false }),
 *   react: (state, { data }, process) => {
 *     if (data instanceof ParcelSent) return process.end();
 *     process.send({ name: 'SendParcel', data: { order: data.order } });
 *     return { isPaid: true };
 *   },
 * });
 */
export function defineProcessManager<State, const Definition extends EventDefinition>(
  options: ProcessManagerOptions<State, Definition>,
): ProcessManager<State, Definition> {
  checkKnownOptions(options, OPTIONS);
  const { name, events } = options;
  if (typeof name !== 'string' || !NAME.test(name)) {
    const allowed = 'a letter, then letters, digits, _ or -, 64 characters at most';
    throw new InvalidOptionError({ option: 'name', given: name, allowed });
  }
  if (!Array.isArray(events) || events.length === 0)
    throw new InvalidOptionError({ option: 'events', given: events, allowed: 'a list of event types' });
  for (const option of FUNCTIONS) {
    if (typeof options[option] === 'function') continue;
    throw new InvalidOptionError({ option, given: options[option], allowed: 'a function' });
  }
  return options;
}
