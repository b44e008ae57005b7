import { SingleBar } from 'cli-progress';
import { spanText } from './texts.js';

/** How often a line of progress is written where there is no bar, in milliseconds. */
const LINE_MS = 5_000;

/** How far a rebuild is. */
export interface SeenProgress {
  /** Commits that are left. */
  readonly pending: number;
  /** The most that were left at any moment. */
  readonly total: number;
  readonly eventsPerSecond: number;
}

/** Shows a rebuild to whoever asked for it. */
export interface RebuildDisplay {
  progress(seen: SeenProgress): void;
  /** A line of its own. */
  note(line: string): void;
  end(): void;
}

/** @param note Writes a line to stderr. */
export function rebuildDisplay(note: (line: string) => void, hasBar: boolean): RebuildDisplay {
  return hasBar ? new BarDisplay(note) : new LineDisplay(note);
}

class BarDisplay implements RebuildDisplay {
  readonly #note: (line: string) => void;
  readonly #bar = new SingleBar({
    format: '{bar} {percentage}%  {left}',
    hideCursor: true,
    clearOnComplete: true,
  });
  #isShown = false;

  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  progress(seen: SeenProgress): void {
    const { total, pending } = seen;
    const payload = { left: leftText(seen) };
    if (!this.#isShown) this.#bar.start(total, total - pending, payload);
    this.#isShown = true;
    this.#bar.setTotal(total);
    this.#bar.update(total - pending, payload);
  }

  note(line: string): void {
    this.end();
    this.#note(line);
  }

  end(): void {
    if (this.#isShown) this.#bar.stop();
    this.#isShown = false;
  }
}

class LineDisplay implements RebuildDisplay {
  readonly #note: (line: string) => void;
  #nextAt = -Infinity;

  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  progress(seen: SeenProgress): void {
    const now = performance.now();
    if (now < this.#nextAt) return;
    this.#nextAt = now + LINE_MS;
    this.#note(leftText(seen));
  }

  note(line: string): void {
    this.#note(line);
  }

  end(): void {
    // nothing is left on the screen
  }
}

/** An estimate: an event is about a commit. */
function leftText({ pending, eventsPerSecond }: SeenProgress): string {
  const time = eventsPerSecond > 0 ? `, ${spanText(pending / eventsPerSecond)} to go` : '';
  return `${pending} commits left, ${eventsPerSecond} events/s${time}`;
}
