import type { ProcessTimerTime } from './process-output.js';

/**
 * One process, as `react` sees it. What it is told here is stored together with the new state, and done
 * afterwards. Nothing of it is stored when `react` throws.
 */
export interface Process {
  /** The id that `correlate` returned. */
  readonly id: string;

  /**
   * Sends a command: a plain `{ name, data }`, or an instance of a class that the service knows.
   *
   * @throws {@link InvalidOptionError} when it is no object.
   */
  send(command: object): void;

  /**
   * Publishes an event of the user's that belongs to no stream, as a notification.
   *
   * @throws {@link InvalidOptionError} when it is no object.
   */
  publish(event: object): void;

  /**
   * Sends a command later. A timer of this process that waits under the same id is replaced.
   *
   * @param id Names the timer in this process.
   * @throws {@link InvalidOptionError} when the id or the time cannot be.
   * @example
   * process.schedule('unpaid', { name: 'CancelOrder', data: { order } }, { in: '3 days' });
   */
  schedule(id: string, command: object, time: ProcessTimerTime): void;

  /** Cancels a timer of this process. Does nothing when none waits under that id. */
  cancel(id: string): void;

  /** Ends the process: it ignores further inputs. What it has scheduled stays, unless it is cancelled. */
  end(): void;
}
