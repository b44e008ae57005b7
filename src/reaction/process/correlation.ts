import type { RecordedEvent } from '../../event/recorded-event.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { ProcessManager } from './process-manager.js';

/**
 * Id of the process that an event belongs to; undefined for none.
 *
 * @throws {@link InvalidOptionError} when `correlate` returns what is no id; what `correlate` throws.
 */
export function processIdOf(manager: ProcessManager, event: RecordedEvent): string | undefined {
  const id: unknown = manager.correlate(event);
  if (id === null || id === undefined) return undefined;
  if (typeof id === 'string' && id !== '') return id;
  throw new InvalidOptionError({
    option: `correlate of ${manager.name}`,
    given: id,
    allowed: 'a function that returns the id of a process, or null',
  });
}
