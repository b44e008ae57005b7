import { recordedMetadata, type RecordedMetadata } from '../event/metadata.js';
import { causedBy, currentMetadata, runWithMetadata } from '../event/metadata-context.js';
import { positionOf } from '../event/position.js';
import { durationOption } from '../kernel/duration.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';
import { checkTimerId, toTimerRequest } from '../reaction/timers/timer-request.js';
import {
  type OnDue,
  type ScheduledTimer,
  type ScheduleOptions,
  type TimerCommand,
  Timers,
  type TimersStatus,
} from '../reaction/timers/timers.js';

/** Options of {@link fakeTimers}. */
export interface FakeTimersOptions {
  /** Carries out a timer when {@link FakeTimers.advance} reaches its time. @default nothing is done */
  readonly onDue?: OnDue | undefined;
  /** The time at the beginning. @default the time of the call */
  readonly now?: Date | undefined;
}

/** A timer that was scheduled, with what a repetition is told by. */
interface FakeTimer extends ScheduledTimer {
  readonly eventId: string;
  readonly metadata: RecordedMetadata;
}

/**
 * Timers in memory whose clock moves only when a test says so. Made by {@link fakeTimers}. They need not be
 * started.
 */
export class FakeTimers extends Timers {
  readonly #onDue: OnDue | undefined;
  readonly #waiting = new Map<string, FakeTimer>();
  /** What was scheduled under a command id, by timer id and command id. */
  readonly #handled = new Map<string, FakeTimer>();
  #now: number;
  #scheduled = 0;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor({ onDue, now = new Date() }: FakeTimersOptions) {
    super();
    this.#onDue = onDue;
    this.#now = now.getTime();
  }

  /** The time of the clock. */
  get now(): Date {
    return new Date(this.#now);
  }

  /** The timers that wait, those that are due first at the beginning. */
  get waiting(): readonly ScheduledTimer[] {
    return this.#inOrder().map(toPublic);
  }

  override get status(): TimersStatus {
    return { state: this.#state, problem: undefined, sweepProblem: undefined };
  }

  override async schedule(command: TimerCommand, options: ScheduleOptions): Promise<ScheduledTimer> {
    const { id, command: checked, at: scheduledFor } = toTimerRequest(command, options, this.#now);
    options.signal?.throwIfAborted();
    const intention = options.commandId === undefined ? undefined : JSON.stringify([id, options.commandId]);
    const earlier = intention === undefined ? undefined : this.#handled.get(intention);
    if (earlier !== undefined) return toPublic(earlier);
    this.#scheduled += 1;
    const position = positionOf(this.#scheduled, 0);
    const commitId = `fake-${this.#scheduled}`;
    const stored = { ...currentMetadata(), ...options.metadata };
    const { occurredAt = this.now.toISOString() } = stored;
    const metadata = recordedMetadata(commitId, { ...stored, occurredAt });
    const timer = { id, command: checked, scheduledFor, position, eventId: `${commitId}/0`, metadata };
    this.#waiting.set(id, timer);
    if (intention !== undefined) this.#handled.set(intention, timer);
    return toPublic(timer);
  }

  override async cancel(id: string): Promise<boolean> {
    checkTimerId(id);
    return this.#waiting.delete(id);
  }

  override async find(id: string): Promise<ScheduledTimer | undefined> {
    checkTimerId(id);
    const timer = this.#waiting.get(id);
    return timer && toPublic(timer);
  }

  override async start(): Promise<void> {
    this.#state = 'running';
  }

  override async stop(): Promise<void> {
    this.#state = 'stopped';
  }

  /**
   * Moves the clock, and carries out the timers that become due on the way, one after the other in the order of
   * their times, with the clock at each one's time; also those that `onDue` schedules meanwhile.
   *
   * @param by Milliseconds, or a text such as `3 days`.
   * @returns the timers that were carried out.
   * @throws what `onDue` rejects with. That timer waits still, and the clock stands at its time.
   */
  async advance(by: number | string): Promise<readonly ScheduledTimer[]> {
    const end = this.#now + durationOption('by', by);
    const done: ScheduledTimer[] = [];
    for (;;) {
      const [next] = this.#inOrder();
      if (next === undefined || next.scheduledFor.getTime() > end) break;
      this.#now = Math.max(this.#now, next.scheduledFor.getTime());
      await this.#carryOut(next);
      done.push(toPublic(next));
    }
    this.#now = end;
    return done;
  }

  async #carryOut(timer: FakeTimer): Promise<void> {
    const { signal } = new AbortController();
    const call = async (): Promise<unknown> => this.#onDue?.({ ...timer, attempt: 1, signal });
    await runWithMetadata(causedBy({ id: timer.eventId, metadata: timer.metadata }), call);
    // it may have been scheduled again
    if (this.#waiting.get(timer.id) === timer) this.#waiting.delete(timer.id);
  }

  #inOrder(): FakeTimer[] {
    // sorting is stable: of those that are due at one time, the one that was scheduled first
    return [...this.#waiting.values()].toSorted(
      (a, b) => a.scheduledFor.getTime() - b.scheduledFor.getTime(),
    );
  }
}

/**
 * Timers for tests of code that uses them: in memory, with a clock that moves when the test says so.
 *
 * @throws {@link InvalidOptionError} when an option cannot work.
 * @example
 * const timers = fakeTimers({ onDue: ({ command }) => execute(command) });
 * await placeOrder('42', timers);
 * await timers.advance('3 days');
 */
export function fakeTimers(options: FakeTimersOptions = {}): FakeTimers {
  checkKnownOptions(options, ['onDue', 'now']);
  const { onDue, now } = options;
  if (onDue !== undefined && typeof onDue !== 'function')
    throw new InvalidOptionError({ option: 'onDue', given: onDue, allowed: 'a function' });
  if (now !== undefined && !(now instanceof Date && !Number.isNaN(now.getTime())))
    throw new InvalidOptionError({ option: 'now', given: now, allowed: 'a valid Date' });
  return new FakeTimers(options);
}

function toPublic({ id, command, scheduledFor, position }: FakeTimer): ScheduledTimer {
  return { id, command, scheduledFor, position };
}
