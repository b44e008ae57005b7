import { storedStream } from '../../../event/stream-name.js';
import { STORED_COMMAND } from '../../../event/own-event-types.js';
import type { JetStreamEventStore } from '../../../event-store/jetstream-event-store.js';
import { InvalidOptionError } from '../../../kernel/invalid-option-error.js';
import { resumeWhenDue } from '../../../reaction/steps/timer-resume.js';
import { openTimers } from '../../../reaction/timers/open-timers.js';
import type { DueTimer, ScheduledTimer, ScheduleOptions, Timers } from '../../../reaction/timers/timers.js';
import type { ServiceTimers } from './service-timers.js';
import type { ReactionLogger } from '../../../reaction/reaction-logger.js';
import type { CommandCodec } from './command-codec.js';

/** Category of the commands whose time has come. */
export const DUE_CATEGORY = '$due';

/**
 * Timers of commands: each is carried out by its `@CommandHandler` at a time, whatever is restarted until then, at
 * least once. The option `timers: true` of `JetsourceCqrsModule` turns them on.
 *
 * @example
 * await this.timers.schedule(new CancelOrder('42'), { in: '3 days', id: 'cancel/42' });
 */
export class CommandTimers {
  readonly #timers: ServiceTimers | undefined;
  readonly #codec: CommandCodec;

  /** @internal */
  constructor(timers: ServiceTimers | undefined, codec: CommandCodec) {
    this.#timers = timers;
    this.#codec = codec;
  }

  /**
   * Stores a command to be executed at a time. A timer that waits under the same id is replaced.
   *
   * @throws {@link CqrsSetupError} when no handler has its class; and as {@link Timers.schedule} throws.
   */
  async schedule(command: object, options: ScheduleOptions): Promise<ScheduledTimer> {
    return this.#required().schedule(this.#codec.encode(command), options);
  }

  /** Cancels a timer. @returns whether one waited under that id. */
  async cancel(id: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    return this.#required().cancel(id, options);
  }

  /** The timer that waits under an id; undefined when there is none. */
  async find(
    id: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ScheduledTimer | undefined> {
    return this.#required().find(id, options);
  }

  #required(): ServiceTimers {
    if (this.#timers !== undefined) return this.#timers;
    const allowed = 'true, to use timers (nats-server 2.14 or later)';
    throw new InvalidOptionError({ option: 'timers', given: undefined, allowed });
  }
}

/** The timers of a store; a command whose time has come is stored for the dispatcher, which parks what fails. */
export async function openCommandTimers(store: JetStreamEventStore, logger: ReactionLogger): Promise<Timers> {
  return openTimers(store, { logger, onDue: async (timer) => onDue(store, timer) });
}

/** Its id says which service it belongs to: any process of the store may be told that it is due. */
async function onDue(store: JetStreamEventStore, { id, command, eventId }: DueTimer): Promise<void> {
  if (await resumeWhenDue(store, command)) return;
  const due = [{ type: STORED_COMMAND.name, data: command }];
  await store.append(storedStream(DUE_CATEGORY, id), due, { commandId: eventId });
}
