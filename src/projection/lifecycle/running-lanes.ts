import type { JsonValue } from '../../event/json-value.js';
import type { EventStore } from '../../event-store/event-store.js';
import { Backoff } from '../../kernel/backoff.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { LaneRunner } from '../../lane/lane-runner.js';
import { controlKey, decodeControl } from '../operation/control-record.js';
import type { Controls } from '../operation/controls.js';
import { ProgressTalk } from '../operation/progress-talk.js';
import type { LaneReport, MemberReport } from '../progress/lane-report.js';
import type { ProjectionRunner } from './projection-runner.js';

/** How often controls and what owners report are looked at, in milliseconds. Whoever changes a control tells so. */
const LOOK_MS = 1_000;

/** Pauses before the lanes are shared after all, when the server did not answer, in milliseconds. */
const JOIN_MS = { first: 200, longest: 5_000 };

/** The lanes of projections while they are started: shared with other processes, or of this process alone. */
export class RunningLanes {
  readonly #store: EventStore;
  readonly #runners: readonly ProjectionRunner[];
  readonly #controls: Controls;
  #lanes: LaneRunner;
  readonly #talk: ProgressTalk;
  readonly #abort = new AbortController();
  readonly #runs: Promise<unknown>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  /** While the server gives no answer, or refuses. */
  #joining: Promise<void> | undefined;

  constructor(store: EventStore, runners: readonly ProjectionRunner[], controls: Controls) {
    this.#store = store;
    this.#runners = runners;
    this.#controls = controls;
    this.#lanes = this.#newLanes();
    this.#talk = new ProgressTalk(store.peers, {
      reports: (work) => this.#runnerOf(work)?.reports() ?? [],
      confirm: (work, position) => this.#runnerOf(work)?.confirm(position),
      told: (work, lanes) => this.#runnerOf(work)?.told(lanes),
      changed: () => void this.#lookAtControls(),
    });
  }

  /** Resolves when the lanes that nobody else has are being run, or could not be: that is tried again. */
  async start(): Promise<void> {
    for (const runner of this.#runners) runner.linked(this.#talk);
    await this.#lookAtControls();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    this.#timer.unref();
    for (const { work, definition } of this.#runners) {
      if (!definition.isLive) continue;
      this.#runs.push(work.run(0, this.#abort.signal));
    }
    if (this.#shared.length > 0 && !(await this.#join())) this.#joining = this.#keepJoining();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort();
    this.#talk.stop();
    await Promise.all([this.#lanes.stop(), this.#joining, this.#reading, ...this.#runs]);
    for (const runner of this.#runners) runner.linked(undefined);
  }

  #newLanes(): LaneRunner {
    const lanes = new LaneRunner(this.#store.records, this.#store.peers, {
      report: () => this.#report(),
      onError: (error) => this.#tellError(error),
    });
    lanes.onChange(() => this.#hear());
    return lanes;
  }

  /** @returns whether the server has answered. */
  async #join(): Promise<boolean> {
    try {
      await this.#lanes.start(this.#shared.map(({ work }) => work));
      this.#hear();
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
      this.#lanes = this.#newLanes();
    } while (!(await this.#join()));
  }

  get #shared(): readonly ProjectionRunner[] {
    return this.#runners.filter(({ definition }) => !definition.isLive);
  }

  #runnerOf(work: string): ProjectionRunner | undefined {
    return this.#shared.find((runner) => runner.work.name === work);
  }

  #report(): JsonValue {
    const reports = this.#shared.map((runner): [string, LaneReport[]] => [
      runner.work.name,
      runner.reports(),
    ]);
    const report: MemberReport = { projections: Object.fromEntries(reports) };
    // what is undefined is left out
    return JSON.parse(JSON.stringify(report)) as JsonValue;
  }

  #hear(): void {
    for (const runner of this.#shared) runner.heard(this.#lanes.owners(runner.work.name));
  }

  async #look(): Promise<void> {
    await this.#lookAtControls();
    this.#hear();
  }

  /** One after the other; errors are told by the lanes, which ask the same server. */
  async #lookAtControls(): Promise<void> {
    this.#reading ??= this.#readControls().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readControls(): Promise<void> {
    try {
      const stored = await this.#controls.list(this.#abort.signal);
      for (const runner of this.#runners) {
        const record = stored.get(controlKey(runner.definition));
        if (record !== undefined) runner.operations.controlled(decodeControl(record.value), record.revision);
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#tellError(error);
    }
  }

  #tellError(error: unknown): void {
    for (const runner of this.#shared) runner.troubled(error as Error);
  }
}
