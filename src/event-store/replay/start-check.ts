import type { StoredCommit } from '../../event/commit.js';
import { parsePosition } from '../../event/position.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import { Backoff } from '../../kernel/backoff.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { sleep } from '../../kernel/sleep.js';
import type { ReadAllStart } from './read-all-start.js';
import { StartNotInLogError } from './start-errors.js';

/** What is asked of the store, which answers as the leader. */
export interface StartedStore {
  readonly name: string;
  lastSequence(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;
  commitAt(
    sequence: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<StoredCommit | undefined>;
}

/**
 * The last sequence that the log must have for a replay to begin at that start. In a shorter log the events
 * that are appended next would be skipped. Right after the end of the log is a valid start: nothing is
 * skipped then.
 */
export function logReachFor(start: ReadAllStart): number {
  if ('time' in start) return 0;
  if ('sequence' in start) return start.sequence - 1;
  if ('after' in start) return parsePosition(start.after).sequence;
  const { sequence, index } = parsePosition(start.position);
  return index === 0 ? sequence - 1 : sequence;
}

/**
 * Asks the leader whether a replay can begin there.
 *
 * @throws {@link StartNotInLogError} when the log ends before, or has another event there than the one that
 *   is named.
 */
export async function requireStartInLog(
  store: StartedStore,
  start: ReadAllStart | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!needsCheck(start)) return;
  const lastSequence = await store.lastSequence({ signal });
  const refused = (reason: string): StartNotInLogError =>
    new StartNotInLogError({ store: store.name, lastSequence, reason });
  const reach = logReachFor(start);
  if (lastSequence < reach)
    throw refused(`it would begin after sequence ${reach}, the log ends at sequence ${lastSequence}`);
  const difference = await eventDifference(store, start, signal);
  if (difference !== undefined) throw refused(difference);
}

function needsCheck(start: ReadAllStart | undefined): start is ReadAllStart {
  return (
    start !== undefined && (logReachFor(start) > 0 || ('eventId' in start && start.eventId !== undefined))
  );
}

/** Why the event at the start is not the one that was named. */
async function eventDifference(
  store: StartedStore,
  start: ReadAllStart,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (!('eventId' in start) || start.eventId === undefined) return undefined;
  const { sequence, index } = parsePosition('after' in start ? start.after : start.position);
  const commitId = await commitIdAt(store, sequence, signal);
  if (commitId === undefined)
    return `event ${start.eventId} is not there: it was removed, or the log has lost it`;
  // an upcast may have made several events of one, which then share its index: `<commit id>/<index>.<n>`
  const [id = ''] = start.eventId.split('.');
  return id === `${commitId}/${index}`
    ? undefined
    : `event ${commitId}/${index} is there, not ${start.eventId}`;
}

async function commitIdAt(
  store: StartedStore,
  sequence: number,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    return (await store.commitAt(sequence, { signal }))?.commitId;
  } catch (error) {
    if (hasJetsourceBrand(error) && error.code === 'corrupt-stream') return undefined;
    throw error;
  }
}

/** What a {@link StartCheck} is about. */
export interface StartCheckOptions {
  readonly from: ReadAllStart | undefined;
  readonly signal: AbortSignal | undefined;
  /** Told why the log did not answer. */
  readonly onRecovery: ((reason: string) => void) | undefined;
}

/** The check of a live replay's start, which waits for a log that does not answer, as the replay does. */
export class StartCheck {
  readonly #store: StartedStore;
  readonly #options: StartCheckOptions;
  #isDone = false;

  constructor(store: StartedStore, options: StartCheckOptions) {
    this.#store = store;
    this.#options = options;
  }

  /**
   * One try, before the replay begins.
   *
   * @throws {@link StartNotInLogError} when it cannot begin there.
   */
  async tryOnce(): Promise<void> {
    const { from, signal, onRecovery } = this.#options;
    try {
      await requireStartInLog(this.#store, from, signal);
      this.#isDone = true;
    } catch (error) {
      // the replay sees by itself that the caller gave up
      if (signal?.aborted === true) return;
      if (!(error instanceof NatsError)) throw error;
      onRecovery?.(error.message);
    }
  }

  /**
   * Resolves when the start is known to be right, or the signal has aborted. To be called before anything is
   * handed on.
   */
  async settle(): Promise<void> {
    const { signal } = this.#options;
    const backoff = new Backoff(50, 1_000);
    while (!this.#isDone && signal?.aborted !== true) {
      await this.tryOnce();
      if (!this.#isDone) await sleep(backoff.next(), signal).catch(() => undefined);
    }
  }
}
