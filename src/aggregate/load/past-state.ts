import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';

/**
 * Which state of an aggregate to fold: as of a version, or as of a time. `signal` ends the call with its
 * reason.
 */
export type PastState = (
  | {
      /** Last version to fold: 0 gives the initial state, a version above the last one the last state. */
      readonly version: number;
    }
  | {
      /** Folds the events that the server had stored by then. Precise to the millisecond. */
      readonly time: Date;
    }
) & { readonly signal?: AbortSignal | undefined };

/** @throws {@link InvalidOptionError} when no state is asked for, or two. */
export function checkPastState(at: PastState): void {
  checkKnownOptions(at, 'version' in at ? ['version', 'signal'] : ['time', 'signal']);
  if ('version' in at) integerOption('version', at.version ?? Number.NaN, { fallback: 0, min: 0 });
  else if (!(at.time instanceof Date) || Number.isNaN(at.time.getTime()))
    throw new InvalidOptionError({ option: 'time', given: at.time, allowed: 'a Date, or give a version' });
}

/** The events of a stream up to a version. */
export interface PastEvents {
  readonly events: readonly object[];
  readonly version: number;
}

/** The events of that state as the leader knows them; undefined when the stream had none. */
export async function eventsUpTo(
  store: EventStore,
  name: StreamName,
  at: PastState,
): Promise<PastEvents | undefined> {
  if ('version' in at && at.version === 0) return exists(store, name, at);
  const to = 'version' in at ? at.version : undefined;
  const latest = 'time' in at ? at.time.getTime() : Infinity;
  const events: object[] = [];
  let version = 0;
  for await (const event of store.read(name, { to, consistency: 'leader', signal: at.signal })) {
    // after a clock was set back, a later event may have an earlier time: stop at the first that is too late
    if ((event.time?.getTime() ?? 0) > latest) break;
    events.push(store.registry.domainEventOf(event));
    ({ version } = event);
  }
  return version === 0 ? undefined : { events, version };
}

async function exists(
  store: EventStore,
  name: StreamName,
  { signal }: PastState,
): Promise<PastEvents | undefined> {
  const { state } = await store.status(name, { consistency: 'leader', signal });
  return state === 'active' ? { events: [], version: 0 } : undefined;
}
