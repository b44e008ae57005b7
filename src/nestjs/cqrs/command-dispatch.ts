import type { CommandBus, UnhandledExceptionBus } from '@nestjs/cqrs';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { defineReactor } from '../../reaction/reactor/define-reactor.js';
import type {
  ReactionContext,
  ReactionOptions,
  ReactorDefinition,
} from '../../reaction/reactor/reactor-definition.js';
import type { CommandCodec, StoredCommand } from './command-codec.js';
import { tellUnhandled } from './unhandled-exceptions.js';

/** Name of the reactor that executes stored commands. */
export const DISPATCHER = 'commands';

/** What the execution of stored commands needs. */
export interface CommandDispatchParts {
  readonly commandBus: CommandBus;
  readonly codec: CommandCodec;
  readonly unhandledExceptions: UnhandledExceptionBus;
  /** Where the commands are stored. */
  readonly categories: readonly string[];
}

/** The reactor that executes stored commands: at least once, those of one stream in order. */
export function commandDispatcher(
  parts: CommandDispatchParts,
  options: ReactionOptions | undefined,
): ReactorDefinition {
  return defineReactor({
    ...options,
    // a command that was stored before the first start is executed too
    from: 'beginning',
    name: DISPATCHER,
    categories: parts.categories,
    handle: async ({ data }: RecordedEvent, context) => execute(parts, data as StoredCommand, context),
  });
}

async function execute(
  { commandBus, codec, unhandledExceptions }: CommandDispatchParts,
  stored: StoredCommand,
  { reactor: handler, attempt }: ReactionContext,
): Promise<void> {
  const command = codec.decode(stored);
  try {
    await commandBus.execute(command);
  } catch (exception) {
    tellUnhandled(unhandledExceptions, { cause: command, exception, handler, attempt });
    throw exception;
  }
}
