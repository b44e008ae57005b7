import type { EventDefinition } from '../../../event/event-registry.js';
import { declarationOf } from '../../../event/event-type.js';
import { isPlainEventType } from '../../../event/plain-event-type.js';
import type { RecordedEvent } from '../../../event/recorded-event.js';
import { defineProcessManager } from '../../../reaction/process/define-process-manager.js';
import type { Process } from '../../../reaction/process/process.js';
import type { ProcessManager } from '../../../reaction/process/process-manager.js';
import { onMethodsOf } from '../../projection/projection-class-metadata.js';
import { CqrsSetupError } from '../setup/cqrs-setup-error.js';
import { processManagerOptionsOf } from '../../process/process-manager.decorator.js';

type OnInput = (event: RecordedEvent, state: unknown, process: Process) => unknown;

/**
 * The definition that an instance of a class with {@link ProcessManager} stands for, as `defineProcessManager`
 * returns it: what the application runs, and for tests without one.
 *
 * @throws {@link CqrsSetupError} when the class is not decorated, handles nothing, or an event twice.
 * @throws {@link InvalidOptionError} when an option cannot work.
 * @example
 * await processSpecification(processManagerOf(new Fulfilment()))
 *   .when(new OrderPlaced('42', 10))
 *   .thenOutcome({ sends: [new Charge('42', 10)] });
 */
export function processManagerOf(instance: object): ProcessManager {
  const type = instance.constructor;
  const options = processManagerOptionsOf(type);
  if (options === undefined)
    throw new CqrsSetupError(`class ${type.name} is no process manager; add @ProcessManager`);
  const methods = methodsByEvent(instance);
  if (methods.size === 0)
    throw new CqrsSetupError(`process manager ${type.name} handles no event; add a method with @On`);
  const byName = new Map([...methods].map(([event, method]) => [nameOf(event), method]));
  return defineProcessManager({
    ...options,
    events: [...methods.keys()],
    correlate: (event: RecordedEvent) => options.correlate(event),
    initial: () => options.initial(),
    react: async (state: unknown, event: RecordedEvent, process: Process) =>
      byName.get(event.type)?.call(instance, event, state, process),
  });
}

function methodsByEvent(instance: object): ReadonlyMap<EventDefinition, OnInput> {
  const methods = new Map<EventDefinition, OnInput>();
  for (const { method, events } of onMethodsOf(Object.getPrototypeOf(instance))) {
    for (const event of events) {
      if (methods.has(event)) {
        const twice = `two methods of process manager ${instance.constructor.name} handle ${nameOf(event)}`;
        throw new CqrsSetupError(twice);
      }
      methods.set(event, (instance as Readonly<Record<string | symbol, OnInput>>)[method] as OnInput);
    }
  }
  return methods;
}

function nameOf(event: EventDefinition): string {
  return isPlainEventType(event) ? event.name : declarationOf(event).name;
}
