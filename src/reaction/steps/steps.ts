/** Durable steps of a handler: what is done is not done again when its event is tried again. */
export interface Steps {
  /**
   * Runs a step once for the event that is handled, and stores its result. Another attempt, on any instance and
   * after a restart, gets the stored result. A step that throws is not stored; it runs again with the next
   * attempt. A process that is killed between the end of a step and its storing runs it again.
   *
   * The first attempt gets a copy of the result as well.
   *
   * @param name Names the step in the handler: used once, 1 to 190 characters.
   * @throws what `work` throws.
   * @throws {@link StepMismatchError} when the code does not fit the steps that are stored.
   * @throws {@link UnrecoverableError} when JSON cannot hold the result: the step has run, but is not stored, and
   *   the event is parked.
   * @throws {@link StepsUnavailableError} outside of a handler; {@link InvalidOptionError} for a name that was used.
   * @example
   * const { receipt } = await steps.run('charge', async () => payments.charge(order));
   */
  run<T>(name: string, work: () => T | Promise<T>): Promise<T>;

  /**
   * Waits. The time at which it ends is stored, so that a restart waits for the rest only. Up to 5 s are waited in
   * place. For longer, the attempt ends, and a timer brings the event back: the code after it, `finally` included,
   * runs in that later attempt only, and other events of the stream are handled meanwhile. Where there are no
   * timers, 20 s at most can be waited.
   *
   * @param time Milliseconds, or a text such as `3 days`.
   * @throws {@link StepMismatchError}, {@link StepsUnavailableError}, {@link InvalidOptionError} like {@link run}.
   * @example
   * await steps.sleep('cooling-off', '14 days');
   */
  sleep(name: string, time: number | string): Promise<void>;
}
