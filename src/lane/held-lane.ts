import { Backoff } from '../kernel/backoff.js';
import { Wakeup } from '../kernel/wakeup.js';
import type { LaneClock } from './lane-clock.js';
import { laneKey, type LaneRef } from './lane-key.js';
import type { LaneWork } from './lane-work.js';

/** Pauses before a lane is run again whose run resolved: first, and at most; in milliseconds. */
const PAUSE_MS = { first: 100, max: 5_000 };
/** A run that lasted longer than this was no part of the trouble before it, in milliseconds. */
const LONG_RUN_MS = 10_000;

/** The lease on a lane, as its owner knows it. */
export interface HeldLease {
  readonly since: string;
  readonly revision: number;
}

/** What a held lane needs. */
export interface HeldLaneParts {
  readonly clock: LaneClock;
  /** Told when the lane has failed, or is run again. */
  readonly onChange: () => void;
}

/** A lane that this member owns: runs the work on it until it is ended. */
export class HeldLane implements LaneRef {
  readonly work: string;
  readonly lane: number;
  readonly key: string;
  readonly since: string;
  /** Of the record of the lease. */
  revision: number;
  /** Whether the lease is known to be this member's; otherwise it has to be claimed again. */
  isConfirmed = true;
  readonly #run: LaneWork['run'];
  readonly #parts: HeldLaneParts;
  readonly #ending = new AbortController();
  readonly #restarted = new Wakeup();
  #ended: Promise<void> | undefined;
  #hasEnded = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(work: LaneWork, lane: number, { since, revision, ...parts }: HeldLease & HeldLaneParts) {
    this.work = work.name;
    this.lane = lane;
    this.key = laneKey(this);
    this.since = since;
    this.revision = revision;
    this.#run = async (number, signal) => work.run(number, signal);
    this.#parts = parts;
  }

  get isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Whether its run ended with an error: it waits for {@link restart}. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  begin(): void {
    this.#ended ??= this.#work().finally(() => (this.#hasEnded = true));
  }

  /** Runs it again if it has failed. */
  restart(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#restarted.wake();
  }

  /** Aborts the run. Resolves when it has ended, however it does. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
  }

  async #work(): Promise<void> {
    const { signal } = this.#ending;
    const backoff = new Backoff(PAUSE_MS.first, PAUSE_MS.max);
    while (!signal.aborted) {
      const begunAt = this.#parts.clock.now();
      this.#failure = await this.#runOnce(signal);
      if (signal.aborted) return;
      if (this.#parts.clock.now() - begunAt > LONG_RUN_MS) backoff.reset();
      if (this.#failure === undefined)
        await new Wakeup(this.#parts.clock).wait({ timeoutMs: backoff.next(), signal });
      else await this.#untilRestarted(signal);
    }
  }

  async #runOnce(signal: AbortSignal): Promise<{ readonly error: unknown } | undefined> {
    try {
      await this.#run(this.lane, signal);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  async #untilRestarted(signal: AbortSignal): Promise<void> {
    this.#parts.onChange();
    while (this.#failure !== undefined && !signal.aborted) await this.#restarted.wait({ signal });
    if (!signal.aborted) this.#parts.onChange();
  }
}
