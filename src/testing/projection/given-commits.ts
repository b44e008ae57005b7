import type { Metadata } from '../../event/metadata.js';
import type { NewEvent } from '../../event/new-event.js';
import { type StreamLike, asStreamName } from '../../event/stream-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';

/** When the first event of a specification is stored, unless it says. */
const FIRST_TIME = Date.UTC(2000, 0, 1);
const STEP_MS = 1_000;

/** Options of a commit that a {@link ProjectionSpecification} is given. */
export interface GivenOptions {
  /**
   * When the log stored it: `event.time`. Not before the commit before it.
   *
   * @default a second after the commit before it; the first one at 2000-01-01T00:00:00Z
   */
  readonly at?: Date | undefined;
  /** Stored with the commit, as of an append. @default none */
  readonly metadata?: Metadata | undefined;
}

/** The events of one stream in a transaction. */
export interface GivenEntry {
  /** The stream, as a name or as `category/id`. */
  readonly stream: StreamLike;
  /** Its events, in order; at least one. */
  readonly events: readonly NewEvent[];
}

/** Events that are stored together. */
export interface GivenCommit {
  readonly entries: readonly GivenEntry[];
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly metadata: Metadata | undefined;
}

/** What a specification is given, in order. */
export class GivenCommits {
  /** Those that the log holds before the projection starts. */
  readonly stored: readonly GivenCommit[];
  /** Those that come when it is live; undefined: it has not been said that any do. */
  readonly live: readonly GivenCommit[] | undefined;

  constructor(stored: readonly GivenCommit[] = [], live?: readonly GivenCommit[]) {
    this.stored = stored;
    this.live = live;
  }

  /** @throws {@link InvalidOptionError} when there are no events, or an option cannot work. */
  with(entries: readonly GivenEntry[], options: GivenOptions = {}): GivenCommits {
    checkKnownOptions(options, ['at', 'metadata']);
    for (const { stream, events } of entries) {
      asStreamName(stream);
      if (Array.isArray(events) && events.length > 0) continue;
      throw new InvalidOptionError({ option: 'events', given: events, allowed: 'a list of events' });
    }
    const commit = { entries, time: this.#timeOf(options), metadata: options.metadata };
    if (this.live === undefined) return new GivenCommits([...this.stored, commit]);
    return new GivenCommits(this.stored, [...this.live, commit]);
  }

  /** What is added from now on comes when the projection is live. */
  fromNowLive(): GivenCommits {
    return new GivenCommits(this.stored, this.live ?? []);
  }

  #timeOf({ at }: GivenOptions): number {
    const before = (this.live?.at(-1) ?? this.stored.at(-1))?.time;
    if (at === undefined) return before === undefined ? FIRST_TIME : before + STEP_MS;
    const time = at instanceof Date ? at.getTime() : Number.NaN;
    if (time >= (before ?? 0)) return time;
    const earliest = new Date(before ?? 0).toISOString();
    const given = Number.isNaN(time) ? at : at.toISOString();
    throw new InvalidOptionError({
      option: 'at',
      given,
      allowed: `a Date that is not before the commit before it (${earliest})`,
    });
  }
}
