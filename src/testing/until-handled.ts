import type { EventStore } from '../event-store/event-store.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import { sleep } from '../kernel/sleep.js';
import { WaitTimeoutError } from '../projection/projection-errors.js';
import type { Reactors } from '../reaction/reactor/reactors.js';

const LOOK_MS = 20;

/** Options of {@link untilHandled}. */
export interface UntilHandledOptions {
  /** How long to wait, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with its reason. @default none */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits in a test until the reactors of a service have handled or parked all that is stored, and what their handlers
 * have stored meanwhile. Timers that wait are not waited for.
 *
 * @throws {@link WaitTimeoutError} naming what is not handled.
 */
export async function untilHandled(
  store: EventStore,
  reactors: Pick<Reactors, 'status'>,
  options: UntilHandledOptions = {},
): Promise<void> {
  checkKnownOptions(options, ['timeoutMs', 'signal']);
  const timeoutMs = integerOption('timeoutMs', options.timeoutMs, { fallback: 5_000, max: LONGEST_TIMER_MS });
  const end = performance.now() + timeoutMs;
  for (;;) {
    const last = await store.lastSequence({ signal: options.signal });
    const pending = await pendingOf(reactors);
    // what a handler has stored may lead to more
    if (pending.length === 0 && (await store.lastSequence({ signal: options.signal })) === last) return;
    if (performance.now() > end)
      throw new WaitTimeoutError({ what: 'all reactors', timeoutMs, progress: pending.join(', ') });
    await sleep(LOOK_MS, options.signal);
  }
}

async function pendingOf(reactors: Pick<Reactors, 'status'>): Promise<string[]> {
  const status = await reactors.status();
  if (status.length === 0) {
    const allowed = 'reactors that are defined in the process that waits';
    throw new InvalidOptionError({ option: 'reactors', given: status, allowed });
  }
  return status.flatMap(({ reactor, lanes }) => {
    const pending = lanes.reduce((sum, lane) => sum + lane.pending, 0);
    return pending === 0 ? [] : `${reactor}: ${pending} pending`;
  });
}
