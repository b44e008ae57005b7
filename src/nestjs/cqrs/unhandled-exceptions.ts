import { Logger } from '@nestjs/common';
import type { UnhandledExceptionBus } from '@nestjs/cqrs';
import { describeThrown } from '../../kernel/describe-thrown.js';

/** A failure, as `UnhandledExceptionBus` tells of it. */
export interface UnhandledException {
  /** The event, the command, or the name of a saga. */
  readonly cause: object | string;
  readonly exception: unknown;
  /** Name of the handler that has failed. */
  readonly handler: string;
  /** Which attempt has failed, from 1. Undefined where there is one only. */
  readonly attempt?: number | undefined;
}

/** Tells the application of a failure. Never throws: the publisher of the bus may be the application's own. */
export function tellUnhandled(bus: UnhandledExceptionBus, failure: UnhandledException): void {
  const tell = async (): Promise<unknown> => bus.publish(failure as never);
  tell().catch((error: unknown) => {
    logger.error(
      `UnhandledExceptionBus has not taken a failure of ${failure.handler}: ${describeThrown(error)}`,
    );
  });
}

const logger = new Logger('Jetsource');
