import type { Position } from '../../event/position.js';
import { encodeSubjectToken } from '../../event/subject-token.js';
import type { ScheduleStream } from '../../jetstream/schedules/schedule-stream.js';
import { Deadline } from '../../kernel/deadline.js';
import type { LogPlace, StoredTimer, TimerLog } from './timer-log.js';

const TIMEOUT_MS = 15_000;
const utf8 = new TextEncoder();

/** What a schedule holds: references. What is to be done, and whether, says the store. */
export interface TimerRef extends LogPlace {
  readonly id: string;
}

/** What of the timers the server delivers at their times. */
export class TimerSchedules {
  readonly #stream: ScheduleStream;
  readonly #log: TimerLog;

  constructor(stream: ScheduleStream, log: TimerLog) {
    this.#stream = stream;
    this.#log = log;
  }

  /**
   * Lets the server deliver a timer at its time, once however often this is called. A schedule that is there
   * already is replaced only if the store says that this timer waits: that tells which of two is newer, also
   * where a log has lost its end and given positions twice.
   *
   * @throws {@link NatsError} when the server did not take it, or did not answer.
   */
  async arm({ id, scheduledFor: at, position, eventId }: StoredTimer, signal?: AbortSignal): Promise<void> {
    const ref: TimerRef = { id, position, eventId };
    const outdates = async (existing: Uint8Array): Promise<boolean> =>
      readTimerRef(existing)?.eventId !== eventId &&
      (await this.#log.pending(id, { signal }))?.eventId === eventId;
    const schedule = { key: encodeSubjectToken(id), at, payload: encode(ref), messageId: eventId, outdates };
    await this.#stream.put(schedule, new Deadline(TIMEOUT_MS, signal));
  }

  /** Lets the server forget a timer that is over. */
  async disarm({ id, eventId }: StoredTimer, signal?: AbortSignal): Promise<void> {
    const deadline = new Deadline(TIMEOUT_MS, signal);
    const existing = await this.#stream.scheduled(encodeSubjectToken(id), deadline);
    if (existing === undefined || readTimerRef(existing.data)?.eventId !== eventId) return;
    await this.#stream.remove(existing.sequence, deadline);
  }

  /** Whether the server will deliver a timer, or has done so and it is not done yet. */
  async has({ id, eventId }: StoredTimer, signal?: AbortSignal): Promise<boolean> {
    const key = encodeSubjectToken(id);
    const deadline = new Deadline(TIMEOUT_MS, signal);
    // in this order: what fires in between is found by the second look
    const scheduled = await this.#stream.scheduled(key, deadline);
    if (scheduled !== undefined && readTimerRef(scheduled.data)?.eventId === eventId) return true;
    const due = await this.#stream.due(key, deadline);
    return due !== undefined && readTimerRef(due.data)?.eventId === eventId;
  }
}

/** Undefined for what is no reference to a timer. */
export function readTimerRef(data: Uint8Array): TimerRef | undefined {
  try {
    const { id, position, eventId } = JSON.parse(Buffer.from(data).toString()) as Partial<TimerRef>;
    const isWhole = [id, position, eventId].every((part) => typeof part === 'string');
    return isWhole
      ? { id: id as string, position: position as Position, eventId: eventId as string }
      : undefined;
  } catch {
    return undefined;
  }
}

function encode(ref: TimerRef): Uint8Array {
  return utf8.encode(JSON.stringify(ref));
}
