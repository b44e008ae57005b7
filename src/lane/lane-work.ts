import { checkKnownOptions } from '../kernel/options.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { lanesOption } from './lane-slots.js';

/** Something that members share by lanes, such as a projection. */
export interface LaneWork {
  /** The same in all members: 1 to 200 characters. */
  readonly name: string;
  /** The number of lanes, from 1 to 64; the same in all members. */
  readonly lanes: number;
  /**
   * Works on a lane until the signal aborts. It is called when this member owns the lane. What it rejects with
   * is kept as the lane's failure: the lease is kept, and the lane is not run until it is restarted. When it
   * resolves before the signal aborts, it is called again after a pause.
   *
   * The lease only says who should work. Another member may work on the lane already when this one was
   * suspended, so what is written has to be fenced.
   */
  run(lane: number, signal: AbortSignal): Promise<void>;
}

/** Whole characters, so that the name has UTF-8. */
const NAME = /^\P{Surrogate}{1,200}$/su;

/** @throws {@link InvalidOptionError} for works that cannot be shared. */
export function checkWorks(works: readonly LaneWork[]): void {
  const names = new Set<string>();
  for (const [index, work] of works.entries()) {
    const option = `works[${index}]`;
    checkKnownOptions(work, ['name', 'lanes', 'run'], `${option}.`);
    const { name, lanes } = work;
    if (typeof name !== 'string' || !NAME.test(name) || names.has(name)) {
      const allowed = 'a text of 1 to 200 characters that no other work has';
      throw new InvalidOptionError({ option: `${option}.name`, given: name, allowed });
    }
    names.add(name);
    lanesOption(`${option}.lanes`, lanes);
  }
}
