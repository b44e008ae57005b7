import type { Metadata, RecordedMetadata } from '../../event/metadata.js';
import type { StoredCommandData } from '../../event/own-event-types.js';
import type { Position } from '../../event/position.js';

/** What is to be done when a timer is due: a name such as `CancelOrder`, and data that JSON can hold. */
export type TimerCommand = StoredCommandData;

/** When a timer is due: at a time, or after a while. */
export type TimerTime =
  /** A time that has passed: at once. Up to the year 2262. */
  | { readonly at: Date; readonly in?: undefined }
  /**
   * From now on, by the clock of this process: a number of milliseconds, or a text such as `3 days`, `10s` or
   * `2h 30m` (ms, s, m, h, d, w and their names).
   */
  | { readonly in: number | string; readonly at?: undefined };

/** Options of {@link Timers.schedule}. */
export type ScheduleOptions = TimerTime & {
  /**
   * Names the timer in the whole store. A timer that waits under the same id is replaced. Any text of at most
   * 1,024 bytes once encoded; it is visible to the server, so it should not be personal data.
   */
  readonly id: string;
  /**
   * Names one intention: repeated with the same command id, for this timer, the call changes nothing and
   * returns what the first one did. 1 to 200 characters. @default none: a repeated call replaces the timer
   */
  readonly commandId?: string | undefined;
  /** Stored with the command. @default that of the current context */
  readonly metadata?: Metadata | undefined;
  /** Ends the wait with its reason. What was sent by then may be stored. @default none */
  readonly signal?: AbortSignal | undefined;
};

/** A timer that waits, or is due. */
export interface ScheduledTimer {
  readonly id: string;
  readonly command: TimerCommand;
  /** When it is due, by the clock of the server. */
  readonly scheduledFor: Date;
  /** Position of the event in the store that says so. */
  readonly position: Position;
}

/** A timer whose time has come. */
export interface DueTimer extends ScheduledTimer {
  /** Id of the event that scheduled it: the same at each attempt, and another when it is scheduled again. */
  readonly eventId: string;
  /** Metadata of that event. */
  readonly metadata: RecordedMetadata;
  /** From 1. A delivery to a process that ended before its call is counted as well. */
  readonly attempt: number;
  /** Aborts when the attempt has taken too long, or a stop does not wait for it any longer. */
  readonly signal: AbortSignal;
}

/** What is called when a timer is due. It has succeeded when it resolves; what it rejects with is tried again. */
export type OnDue = (timer: DueTimer) => unknown;

/** How the timers of a process are doing. */
export interface TimersStatus {
  /** `recovering` while the consumer is created again. */
  readonly state: 'new' | 'starting' | 'running' | 'recovering' | 'finished' | 'stopped';
  /** What interrupted it last; undefined while nothing has. */
  readonly problem: string | undefined;
  /** Why the last search for timers without a schedule failed; undefined when it succeeded. */
  readonly sweepProblem: string | undefined;
}

/**
 * Timers of a store: commands that are to be carried out at a time, whatever is restarted until then. An
 * abstract class, so that dependency injection can use it as a token. Made by {@link openTimers}, for tests by
 * `fakeTimers` of `jetsource/testing`.
 */
export abstract class Timers {
  /**
   * Stores a command to be carried out at a time. A timer that waits under the same id is replaced.
   *
   * @throws {@link InvalidOptionError}, {@link InvalidStreamNameError} (an id that cannot be), and
   * {@link InvalidEventError} (data that JSON cannot hold), before anything is sent.
   * @throws {@link PayloadTooLargeError} when the server does not take messages of that size.
   * @throws {@link AppendOutcomeUnknownError}, {@link NatsError} with the outcome of the store.
   * @example
   * await timers.schedule({ name: 'CancelOrder', data: { order: '42' } }, { in: '3 days', id: 'cancel/42' });
   */
  abstract schedule(command: TimerCommand, options: ScheduleOptions): Promise<ScheduledTimer>;

  /**
   * Cancels a timer. A call of `onDue` that is under way is not interrupted, and not repeated.
   *
   * @returns whether a timer waited under that id.
   * @throws {@link InvalidStreamNameError} for an id that cannot be.
   * @throws {@link AppendOutcomeUnknownError}, {@link NatsError} with the outcome of the store.
   */
  abstract cancel(id: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<boolean>;

  /** The timer that waits under an id, or is due and not done; undefined when there is none. */
  abstract find(
    id: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<ScheduledTimer | undefined>;

  /** Begins to call `onDue`, for timers that were due before as well. */
  abstract start(): Promise<void>;

  /** Takes no more timers, and waits for the calls that are under way. Safe to call twice. */
  abstract stop(): Promise<void>;

  abstract get status(): TimersStatus;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
