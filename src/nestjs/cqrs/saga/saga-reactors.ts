import type { CommandBus, UnhandledExceptionBus } from '@nestjs/cqrs';
import { Logger } from '@nestjs/common';
import { storedStream } from '../../../event/stream-name.js';
import type { RecordedEvent } from '../../../event/recorded-event.js';
import type { JetStreamEventStore } from '../../../event-store/jetstream-event-store.js';
import { describeThrown } from '../../../kernel/describe-thrown.js';
import { defineReactor } from '../../../reaction/reactor/define-reactor.js';
import type { ReactionContext } from '../../../reaction/reactor/reactor-definition.js';
import { serviceId } from '../../../reaction/service-ids.js';
import { STORED_COMMAND, type StoredCommandData } from '../../../event/own-event-types.js';
import type { CommandCodec } from '../command/command-codec.js';
import type { HandlerReactor } from '../handler/handler-reactors.js';
import type { BusOptions } from '../jetsource-cqrs-options.js';
import { RunningSaga } from './running-saga.js';
import type { FoundSaga } from './saga.js';
import { tellUnhandled } from '../unhandled-exceptions.js';

/** Category of the commands that sagas have led to. */
export const SAGA_CATEGORY = '$saga';

/** What sagas need to become reactors. */
export interface SagaReactorParts {
  readonly store: JetStreamEventStore;
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
  const reaction = new SagaReaction(saga, name, parts);
  return defineReactor({
    ...parts.options.reactions,
    name,
    lanes: 1,
    // operators see events in the order of the log
    concurrency: 1,
    handle: async (event, context) => reaction.handle(event, context),
  });
}

/** What a saga does with events, and with the commands that they lead to. */
class SagaReaction {
  readonly #name: string;
  readonly #property: string;
  readonly #parts: SagaReactorParts;
  readonly #running: RunningSaga;

  /** @throws `InvalidSagaException` for what is no saga. */
  constructor(saga: FoundSaga, name: string, parts: SagaReactorParts) {
    this.#name = name;
    this.#property = saga.property;
    this.#parts = parts;
    this.#running = new RunningSaga(saga, {
      onLate: (command) => this.#executeLate(command),
      onError: (error) => this.#tell(error, this.#property),
    });
    this.#running.open();
  }

  /** Stores the commands that an event leads to. */
  async handle(event: RecordedEvent, { service, attempt }: ReactionContext): Promise<void> {
    const commands = this.#push(event, attempt).map((command) => this.#encode(command, attempt));
    if (commands.length === 0) return;
    // the commands of one stream are executed in order; an event that comes again has stored them before
    const id = serviceId(service, `${this.#name}/${event.stream.toString()}`);
    const events = commands.map((data) => ({ type: STORED_COMMAND.name, data }));
    await this.#parts.store.append(storedStream(SAGA_CATEGORY, id), events, { commandId: event.id });
  }

  #push(event: RecordedEvent, attempt: number): readonly object[] {
    try {
      return this.#running.push(this.#parts.store.registry.domainEventOf(event));
    } catch (error) {
      this.#tell(error, this.#property, attempt);
      throw error;
    }
  }

  #encode(command: object, attempt: number): StoredCommandData {
    try {
      return this.#parts.codec.encode(command);
    } catch (error) {
      this.#tell(error, command, attempt);
      throw error;
    }
  }

  /** At most once: nothing says which event the command belongs to. */
  #executeLate(command: object): void {
    const execute = async (): Promise<unknown> => this.#parts.commandBus.execute(command);
    execute().catch((error: unknown) => this.#tell(error, command));
  }

  #tell(exception: unknown, cause: object | string, attempt?: number): void {
    logger.error(`saga ${this.#name} has failed: ${describeThrown(exception)}`);
    tellUnhandled(this.#parts.unhandledExceptions, { cause, exception, handler: this.#name, attempt });
  }
}

const logger = new Logger('Jetsource');
