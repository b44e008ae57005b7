import type { JsonValue } from '../../event/json-value.js';
import type { EventStore } from '../../event-store/event-store.js';
import { Backoff } from '../../kernel/backoff.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { LaneRunner } from '../../lane/lane-runner.js';
import { encodeMemberReport } from '../progress/member-report.js';
import type { ProjectionStore } from '../store/projection-store.js';
import type { ProjectionRunner } from './projection-runner.js';

/** Pauses before lanes are shared after all, when a server or a database did not answer, in milliseconds. */
const JOIN_MS = { first: 200, longest: 5_000 };
/** Of stores that do not tell their databases apart. */
const ONLY_DATABASE = 'shared';

/**
 * The lanes of the projections of one database: shared with the other processes that use it. A process with a
 * database of its own has all of them.
 */
export class SharedLanes {
  readonly #store: EventStore;
  readonly #database: ProjectionStore<unknown>;
  readonly #runners: readonly ProjectionRunner[];
  readonly #abort = new AbortController();
  #lanes: LaneRunner | undefined;
  /** While a server or a database gives no answer. */
  #joining: Promise<void> | undefined;

  /** @param runners Projections whose models are in one database, at least one. */
  constructor(store: EventStore, runners: readonly [ProjectionRunner, ...ProjectionRunner[]]) {
    this.#store = store;
    this.#runners = runners;
    this.#database = runners[0].definition.store;
  }

  /** Resolves when the lanes that nobody else has are being run, or could not be: that is tried again. */
  async start(): Promise<void> {
    if (!(await this.#join())) this.#joining = this.#keepJoining();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#lanes?.stop(), this.#joining]);
  }

  /** Passes on who has the lanes, and what they say of them. */
  hear(): void {
    for (const runner of this.#runners) runner.heard(this.#lanes?.owners(runner.work.name) ?? []);
  }

  /** @returns whether the server and the database have answered. */
  async #join(): Promise<boolean> {
    try {
      const identity = (await this.#database.identity?.()) ?? ONLY_DATABASE;
      if (this.#abort.signal.aborted) return true;
      for (const runner of this.#runners) runner.shareIn(identity);
      const lanes = this.#newLanes();
      this.#lanes = lanes;
      await lanes.start(this.#runners.map(({ work }) => work));
      this.hear();
      return true;
    } catch (error) {
      this.#tellError(error);
      return false;
    }
  }

  async #keepJoining(): Promise<void> {
    const backoff = new Backoff(JOIN_MS.first, JOIN_MS.longest);
    const { signal } = this.#abort;
    const pause = new Wakeup();
    do {
      if ((await pause.wait({ timeoutMs: backoff.next(), signal })) === 'aborted') return;
    } while (!(await this.#join()));
  }

  #newLanes(): LaneRunner {
    const lanes = new LaneRunner(this.#store.records, this.#store.peers, {
      report: () => this.#report(),
      onError: (error) => this.#tellError(error),
    });
    lanes.onChange(() => this.hear());
    return lanes;
  }

  #report(): JsonValue {
    return encodeMemberReport(new Map(this.#runners.map((runner) => [runner.work.name, runner.reports()])));
  }

  #tellError(error: unknown): void {
    for (const runner of this.#runners) runner.troubled(error as Error);
  }
}
