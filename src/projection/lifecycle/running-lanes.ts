import type { EventStore } from '../../event-store/event-store.js';
import { LaneRunner } from '../../lane/lane-runner.js';
import type { MemberReport } from '../progress/lane-report.js';
import type { ProjectionRunner } from './projection-runner.js';

/** The lanes of projections while they are started: shared with other processes, or of this process alone. */
export class RunningLanes {
  readonly #shared: readonly ProjectionRunner[];
  readonly #own: readonly ProjectionRunner[];
  readonly #lanes: LaneRunner;
  readonly #abort = new AbortController();
  readonly #runs: Promise<unknown>[] = [];

  constructor(store: EventStore, runners: readonly ProjectionRunner[]) {
    this.#own = runners.filter(({ definition }) => definition.isLive);
    this.#shared = runners.filter(({ definition }) => !definition.isLive);
    const onError = (error: Error): void => {
      for (const runner of this.#shared) runner.troubled(error);
    };
    this.#lanes = new LaneRunner({ report: () => this.#report(), onError });
    this.#lanes.onChange(() => this.#hear());
  }

  async start(): Promise<void> {
    for (const { work } of this.#own) {
      for (let lane = 0; lane < work.lanes; lane += 1) this.#runs.push(work.run(lane, this.#abort.signal));
    }
    if (this.#shared.length > 0) await this.#lanes.start(this.#shared.map(({ work }) => work));
    this.#hear();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#lanes.stop(), ...this.#runs]);
  }

  #report(): MemberReport {
    return {
      projections: Object.fromEntries(this.#shared.map((runner) => [runner.work.name, runner.reports()])),
    };
  }

  #hear(): void {
    for (const runner of this.#shared) runner.heard(this.#lanes.owners(runner.work.name));
  }
}
