import type { CommandBus, UnhandledExceptionBus } from '@nestjs/cqrs';
import { Logger } from '@nestjs/common';
import { storedStream } from '../../event/stream-name.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { EventStore } from '../../event-store/event-store.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { defineReactor } from '../../reaction/reactor/define-reactor.js';
import type { CommandCodec } from './command-codec.js';
import type { HandlerReactor } from './handler-reactors.js';
import type { BusOptions } from './jetsource-cqrs-options.js';
import { RunningSaga } from './running-saga.js';
import type { FoundSaga } from './saga.js';

/** Category of the commands that sagas have led to. */
export const SAGA_CATEGORY = '$saga';

/** What sagas need to become reactors. */
export interface SagaReactorParts {
  readonly store: EventStore;
  readonly codec: CommandCodec;
  readonly commandBus: CommandBus;
  readonly options: BusOptions;
  readonly unhandledExceptions: UnhandledExceptionBus;
}

/**
 * The reactors of sagas. Each runs in one instance. An event is acknowledged when the commands that it led to are
 * stored; the dispatcher executes them.
 */
export function sagaReactors(sagas: readonly FoundSaga[], parts: SagaReactorParts): HandlerReactor[] {
  return sagas.map((saga) => {
    const { label, property } = saga;
    const name = parts.options.names?.[label] ?? property;
    return { label, name, define: () => define(saga, name, parts) };
  });
}

function define(
  saga: FoundSaga,
  name: string,
  parts: SagaReactorParts,
): ReturnType<HandlerReactor['define']> {
  const { store, codec, options } = parts;
  const running = new RunningSaga(saga, {
    onLate: (command) => executeLate(command, saga, parts),
    onError: (error) => tell(error, saga.property, parts),
  });
  // what is no saga ends the start
  running.open();
  return defineReactor({
    ...options.reactions,
    name,
    lanes: 1,
    // operators see events in the order of the log
    concurrency: 1,
    handle: async (event) => {
      const commands = push(running, event, saga, parts).map((command) => codec.encode(command));
      if (commands.length === 0) return;
      // the commands of one stream are executed in order; an event that comes again has stored them before
      const stream = storedStream(SAGA_CATEGORY, `${name}/${event.stream.toString()}`);
      const events = commands.map((data) => ({ type: '$command', data }));
      await store.append(stream, events, { commandId: event.id });
    },
  });
}

function push(
  running: RunningSaga,
  event: RecordedEvent,
  { property }: FoundSaga,
  parts: SagaReactorParts,
): readonly object[] {
  try {
    return running.push(event.data);
  } catch (error) {
    tell(error, property, parts);
    throw error;
  }
}

/** At most once: nothing says which event the command belongs to. */
function executeLate(command: object, { property }: FoundSaga, parts: SagaReactorParts): void {
  const execute = async (): Promise<unknown> => parts.commandBus.execute(command);
  execute().catch((error: unknown) => tell(error, property, parts, command));
}

/** @param saga Its property. */
function tell(
  exception: unknown,
  saga: string,
  parts: SagaReactorParts,
  cause: object | string = saga,
): void {
  logger.error(`saga ${saga} has failed: ${describeThrown(exception)}`);
  parts.unhandledExceptions.publish({ cause, exception } as never);
}

const logger = new Logger('Jetsource');
