import type { CommandBus, UnhandledExceptionBus } from '@nestjs/cqrs';
import type { RecordedEvent } from '../../../event/recorded-event.js';
import { defineReactor } from '../../../reaction/reactor/define-reactor.js';
import type {
  ReactionContext,
  ReactionOptions,
  ReactorDefinition,
} from '../../../reaction/reactor/reactor-definition.js';
import type { StoredCommandData } from '../../../event/own-event-types.js';
import { idWithin } from '../../../reaction/service-ids.js';
import type { CommandCodec } from './command-codec.js';
import { tellUnhandled } from '../unhandled-exceptions.js';

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
    handle: async ({ stream, data }: RecordedEvent, context) => {
      // other services of the store have theirs in the same category
      if (idWithin(context.service, stream.id) === undefined) return;
      await executeStored(parts, data as StoredCommandData, context);
    },
  });
}

/** Executes a stored command as an instance of its class. A failure is told to the application, and thrown. */
export async function executeStored(
  { commandBus, codec, unhandledExceptions }: Omit<CommandDispatchParts, 'categories'>,
  stored: StoredCommandData,
  { reactor: handler, attempt }: Pick<ReactionContext, 'reactor' | 'attempt'>,
): Promise<unknown> {
  const command = codec.decode(stored);
  try {
    return await commandBus.execute(command);
  } catch (exception) {
    tellUnhandled(unhandledExceptions, { cause: command, exception, handler, attempt });
    throw exception;
  }
}
