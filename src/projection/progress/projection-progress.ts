import type { Position } from '../../event/position.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import type { ProjectionState } from '../projection-status.js';
import type { RunEvent, RunListener } from '../run/run-event.js';
import type { LaneReport } from './lane-report.js';
import { RateMeter } from './rate-meter.js';

/** Of an error's message, in characters: others are told of it each second. */
const LONGEST_MESSAGE = 500;

/** What the model is known to hold: all up to a position, and all that the log held up to a sequence. */
interface Reached {
  readonly position: Position | undefined;
  readonly sequence: number;
}

/** What is known of a projection: its state, how far it is, and why it does not continue. */
export class ProjectionProgress implements RunListener {
  #state: ProjectionState = 'idle';
  #error: Error | undefined;
  /** The position of the stored checkpoint. */
  #position: Position | undefined;
  /** Undefined while nothing is known of the model's content. */
  #reached: Reached | undefined;
  #lastSequenceAtStart = 0;
  #stuckSince: Date | undefined;
  #pending: number | undefined;
  /** When the last commit in the model was stored, in milliseconds since 1970. */
  #lastTime: number | undefined;
  readonly #rate = new RateMeter();

  get state(): ProjectionState {
    return this.#state;
  }

  get position(): Position | undefined {
    return this.#position;
  }

  /** Why it stopped, or what it is waiting out. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Since when a handler or the database has not returned; undefined while none is stuck. */
  get stuckSince(): Date | undefined {
    return this.#stuckSince;
  }

  /** What other processes are told of it. */
  report(): Omit<LaneReport, 'lane'> {
    const error = this.#error;
    return {
      state: this.#state,
      position: this.#position,
      reachedSequence: this.#reached?.sequence,
      pending: this.#pending,
      lagSeconds: this.#lagSeconds(),
      eventsPerSecond: this.#rate.perSecond(),
      error: error && { name: error.name, message: error.message.slice(0, LONGEST_MESSAGE) },
      stuckSince: this.#stuckSince?.toISOString(),
    };
  }

  /** Another process owns the lane, or may take it. */
  stoodBy(): void {
    this.#state = 'standby';
    this.#pending = undefined;
    this.#stuckSince = undefined;
    this.#error = undefined;
    this.#reached = undefined;
  }

  /** It stands still because somebody has paused it. */
  paused(): void {
    this.#state = 'paused';
    this.#stuckSince = undefined;
    this.#error = undefined;
  }

  launched(): void {
    this.#stuckSince = undefined;
    this.#state = 'catching-up';
    this.#error = undefined;
    this.#reached = undefined;
  }

  /** @param error Tells what does not return. */
  stuck(since: Date, error: Error): void {
    this.#state = 'stuck';
    this.#stuckSince = since;
    this.#error = error;
  }

  /** The log holds nothing that the model lacks up to a sequence, if the model is still at that position. */
  idleUpTo(position: Position | undefined, sequence: number): void {
    if (this.#reached === undefined || this.#position !== position) return;
    this.#reached = { position, sequence: Math.max(sequence, this.#reached.sequence) };
  }

  failed(error: Error): void {
    this.#state = stateAfter(error);
    this.#error = error;
    // a failed projection keeps its model. Diverged, the model's content is not known any more
    if (this.#state !== 'failed') this.#reached = undefined;
  }

  on(event: RunEvent): void {
    switch (event.kind) {
      case 'began':
        this.#lastSequenceAtStart = event.lastSequence;
        this.#reach(event.checkpoint.position, 0);
        break;
      case 'applied':
        this.#reach(event.checkpoint.position, this.#reached?.sequence ?? 0);
        this.#lastTime = event.commits.at(-1)?.time ?? this.#lastTime;
        this.#rate.count(event.commits.reduce((sum, { events }) => sum + events.length, 0));
        break;
      case 'batch-done':
        this.#pending = event.caughtUp ? 0 : event.pending;
        this.#batchDone(event.caughtUp);
        break;
      case 'caught-up':
        break;
      case 'interrupted':
        this.#state = 'catching-up';
        break;
      case 'resumed':
        this.#state = 'catching-up';
        this.#stuckSince = undefined;
        this.#error = undefined;
        break;
      case 'stuck':
        // told with its error, which the runner makes
        break;
      case 'delayed':
        this.#state = 'catching-up';
        this.#error = event.error;
        break;
    }
  }

  #reach(position: Position | undefined, sequence: number): void {
    this.#position = position;
    this.#error = undefined;
    this.#reached = { position, sequence };
  }

  /**
   * How old the oldest event is that the model lacks, by the clock of this machine. As long as the last one that
   * it holds: that is when the oldest one was stored at the earliest.
   */
  #lagSeconds(): number | undefined {
    if (this.#pending === 0) return 0;
    if (this.#pending === undefined || this.#lastTime === undefined) return undefined;
    return Math.max(0, (Date.now() - this.#lastTime) / 1_000);
  }

  #batchDone(caughtUp: boolean): void {
    this.#state = caughtUp ? 'live' : 'catching-up';
    this.#error = undefined;
    if (!caughtUp) return;
    // includes the events that it does not read, and those before its start
    this.#reached = { position: this.#position, sequence: this.#lastSequenceAtStart };
  }
}

function stateAfter(error: Error): ProjectionState {
  if (!hasJetsourceBrand(error)) return 'failed';
  return error.code === 'projection-diverged' ? 'diverged' : 'failed';
}
