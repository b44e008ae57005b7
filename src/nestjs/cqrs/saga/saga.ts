import { InvalidSagaException, type ISaga, type IEvent, UnsupportedSagaScopeException } from '@nestjs/cqrs';
import { isObservable, type Observable } from 'rxjs';
import { classOf } from '../handler/handler-class.js';
import type { HandlerWrapper } from '../publish/durable-event-bus.js';

/** Where `@Saga` of `@nestjs/cqrs` keeps the names of properties. The package does not export it. */
const SAGA_METADATA = '__saga__';

/** A saga that a provider has. */
export interface FoundSaga {
  /** Class and property. */
  readonly label: string;
  readonly property: string;
  /** Makes its stream of commands from a stream of events. */
  readonly open: (events: Observable<IEvent>) => Observable<object | null | undefined>;
}

/**
 * The sagas of the providers with `@Saga`.
 *
 * @throws `UnsupportedSagaScopeException`, `InvalidSagaException` as `@nestjs/cqrs` does.
 */
export function findSagas(wrappers: readonly HandlerWrapper[]): FoundSaga[] {
  const found = new Map<string, FoundSaga>();
  for (const wrapper of wrappers) {
    const type = classOf(wrapper);
    if (!wrapper.isDependencyTreeStatic()) throw new UnsupportedSagaScopeException();
    const instance = wrapper.instance as unknown as Record<string, unknown>;
    for (const property of (Reflect.getMetadata(SAGA_METADATA, type) ?? []) as string[]) {
      const saga = instance[property];
      if (typeof saga !== 'function') throw new InvalidSagaException();
      const open = (events: Observable<IEvent>): ReturnType<FoundSaga['open']> => {
        const commands: unknown = (saga as ISaga).call(instance, events);
        if (!isObservable(commands)) throw new InvalidSagaException();
        return commands as ReturnType<FoundSaga['open']>;
      };
      const label = `${type.name}.${property}`;
      found.set(label, { label, property, open });
    }
  }
  return [...found.values()];
}
