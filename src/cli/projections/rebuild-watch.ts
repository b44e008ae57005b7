import type { ProjectionId } from '../../projection/definition/projection-id.js';
import { ProjectionFailedError } from '../../projection/projection-errors.js';
import type { ProjectionStatus } from '../../projection/projection-status.js';
import type { SurveyedProjection } from './projection-survey.js';
import type { RebuildDisplay } from './rebuild-display.js';

/** Follows a rebuild by what the owners of its lanes tell. */
export class RebuildWatch {
  readonly #id: ProjectionId;
  readonly #display: RebuildDisplay;
  readonly #failingMs: number;
  #total = 0;
  /** Since when the rebuild waits out an error; undefined while it waits out none. */
  #failingSince: number | undefined;
  #told: string | undefined;

  /** @param failingMs How long an error may be waited out, in milliseconds. */
  constructor(id: ProjectionId, display: RebuildDisplay, failingMs: number) {
    this.#id = id;
    this.#display = display;
    this.#failingMs = failingMs;
  }

  /** @throws {@link ProjectionFailedError} when it has been waiting out an error for too long. */
  look({ status }: SurveyedProjection): void {
    const error = status && waitedOut(status);
    if (error === undefined) this.#failingSince = undefined;
    else this.#failing(error);
    const { pending, eventsPerSecond } = status?.rebuild ?? inPlace(status) ?? {};
    if (pending === undefined || eventsPerSecond === undefined) return;
    this.#total = Math.max(this.#total, pending);
    this.#display.progress({ pending, total: this.#total, eventsPerSecond });
  }

  #failing(error: Error): void {
    const now = performance.now();
    this.#failingSince ??= now;
    if (error.message !== this.#told) this.#display.note(`waits: ${error.name}: ${error.message}`);
    this.#told = error.message;
    if (now - this.#failingSince < this.#failingMs) return;
    const { name: projection, version } = this.#id;
    const reason = `the rebuild keeps failing or hangs, and goes on when that ends: ${error.message}`;
    throw new ProjectionFailedError({ projection, version, reason });
  }
}

/** What keeps it from going on, while it tries again. */
function waitedOut({ rebuild, state, error }: ProjectionStatus): Error | undefined {
  if (rebuild !== undefined) return rebuild.error;
  return state === 'catching-up' || state === 'stuck' ? error : undefined;
}

/** A rebuild in place of the model that readers see. */
function inPlace(status: ProjectionStatus | undefined): ProjectionStatus | undefined {
  return status?.state === 'catching-up' || status?.state === 'stuck' ? status : undefined;
}
