import type { ScheduleStream } from '../../jetstream/schedules/schedule-stream.js';
import { Deadline } from '../../kernel/deadline.js';
import { mapBounded } from '../../kernel/map-bounded.js';
import { type LogPlace, type PendingTimer, timerIn, type TimerLog } from './timer-log.js';
import type { TimerSchedules } from './timer-schedules.js';

const TIMEOUT_MS = 15_000;
/** Timers that are looked at together, so that what is held in memory is bounded. */
const AT_ONCE = 10_000;
/** Looked at at a time. */
const WIDTH = 32;
const utf8 = new TextEncoder();

/** Up to where the timers of a store have their schedules. */
interface SweepMark extends LogPlace {
  /** Identity of the store. */
  readonly store: string;
}

interface TimerSweepParts {
  /** Identity of the store. */
  readonly store: string;
  readonly log: TimerLog;
  readonly stream: ScheduleStream;
  readonly schedules: TimerSchedules;
}

/**
 * Finds timers that were stored and got no schedule, since their process ended in between, or since the
 * stream of schedules was lost. Each event of a timer is looked at once: a mark in the stream of schedules
 * tells up to where that was done. It stands in the same stream, so that it is lost together with whatever
 * schedules are lost, and all is looked at again then.
 */
export class TimerSweep {
  readonly #parts: TimerSweepParts;

  constructor(parts: TimerSweepParts) {
    this.#parts = parts;
  }

  /** @throws what a read or a write throws; the next run looks at the same timers again. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, stream, store } = this.#parts;
    const place = await this.#mark(signal);
    const waiting = new Map<string, PendingTimer>();
    let last: LogPlace | undefined;
    for await (const event of log.eventsAfter(place, { signal })) {
      const timer = timerIn(event);
      if (timer === undefined) waiting.delete(event.stream.id);
      else waiting.set(timer.id, timer);
      last = { position: event.position, eventId: event.id };
      if (waiting.size >= AT_ONCE) await this.#repair(waiting, signal);
    }
    await this.#repair(waiting, signal);
    if (last === undefined) return;
    const mark: SweepMark = { store, ...last };
    await stream.putMark(utf8.encode(JSON.stringify(mark)), new Deadline(TIMEOUT_MS, signal));
  }

  async #mark(signal: AbortSignal): Promise<LogPlace | undefined> {
    const { stream, store } = this.#parts;
    const deadline = new Deadline(TIMEOUT_MS, signal);
    await stream.ensure(deadline);
    const message = await stream.mark(deadline);
    if (message === undefined) return undefined;
    const mark = JSON.parse(Buffer.from(message.data).toString()) as SweepMark;
    return mark.store === store ? mark : undefined;
  }

  async #repair(waiting: Map<string, PendingTimer>, signal: AbortSignal): Promise<void> {
    await mapBounded(waiting.values(), async (timer) => this.#repairOne(timer, signal), {
      width: WIDTH,
      signal,
    });
    waiting.clear();
  }

  async #repairOne(timer: PendingTimer, signal: AbortSignal): Promise<void> {
    const { log, schedules } = this.#parts;
    if (await schedules.has(timer, signal)) return;
    // it may be over by now
    const pending = await log.pending(timer.id, { signal });
    if (pending?.eventId === timer.eventId) await schedules.arm(timer, signal);
  }
}
