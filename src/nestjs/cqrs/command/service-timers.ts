import type { StoredCommandData } from '../../../event/own-event-types.js';
import { serviceId } from '../../../reaction/service-ids.js';
import { checkTimerId } from '../../../reaction/timers/timer-request.js';
import type { ScheduledTimer, ScheduleOptions, Timers } from '../../../reaction/timers/timers.js';

interface Signalled {
  readonly signal?: AbortSignal | undefined;
}

/** The timers of one service among those of a store: ids are its own. */
export class ServiceTimers {
  readonly #timers: Timers;
  readonly #service: string;

  constructor(timers: Timers, service: string) {
    this.#timers = timers;
    this.#service = service;
  }

  async schedule(command: StoredCommandData, options: ScheduleOptions): Promise<ScheduledTimer> {
    const { id } = options;
    return { ...(await this.#timers.schedule(command, { ...options, id: this.#own(id) })), id };
  }

  async cancel(id: string, options: Signalled = {}): Promise<boolean> {
    return this.#timers.cancel(this.#own(id), options);
  }

  async find(id: string, options: Signalled = {}): Promise<ScheduledTimer | undefined> {
    const found = await this.#timers.find(this.#own(id), options);
    return found && { ...found, id };
  }

  #own(id: string): string {
    checkTimerId(id);
    return serviceId(this.#service, id);
  }
}
