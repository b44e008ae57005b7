import type { EventStore } from '../../event-store/event-store.js';
import { controlKey, decodeControl } from '../operation/control-record.js';
import type { Controls } from '../operation/controls.js';
import { ProgressTalk } from '../operation/progress-talk.js';
import type { ProjectionStore } from '../store/projection-store.js';
import type { ProjectionRunner, RunnerLink } from './projection-runner.js';
import { SharedLanes } from './shared-lanes.js';

/**
 * How often controls and what owners report are looked at, in milliseconds. Whoever changes a control tells
 * so.
 */
const LOOK_MS = 1_000;

/** The projections of a process while they are started. */
export class RunningLanes {
  readonly #runners: readonly ProjectionRunner[];
  readonly #controls: Controls;
  readonly #shared: readonly SharedLanes[];
  readonly #talk: ProgressTalk;
  readonly #abort = new AbortController();
  /** The lanes of live projections, which each process has. */
  readonly #live: Promise<unknown>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  /** An error is told once until a look has succeeded. */
  #isErrorTold = false;

  constructor(store: EventStore, runners: readonly ProjectionRunner[], controls: Controls) {
    this.#runners = runners;
    this.#controls = controls;
    this.#shared = byDatabase(runners).map((group) => new SharedLanes(store, group));
    this.#talk = new ProgressTalk(store.peers, {
      halts: (work) => this.#runnerOf(work)?.halts() ?? [],
      reports: (work) => this.#runnerOf(work)?.reports() ?? [],
      confirm: (work, position, isAny) => this.#runnerOf(work)?.confirm(position, isAny),
      told: (work, lanes) => this.#runnerOf(work)?.told(lanes),
      changed: () => {
        this.#refresh();
        void this.#lookAtControls();
      },
    });
  }

  /** Resolves when the lanes that nobody else has are being run, or could not be: that is tried again. */
  async start(): Promise<void> {
    const talk = this.#talk;
    const link: RunnerLink = {
      ask: (work, question) => talk.ask(work, question),
      moved: (work) => talk.moved(work),
      tellChange: () => {
        talk.tellChange();
        this.#refresh();
      },
    };
    for (const runner of this.#runners) runner.linked(link);
    await this.#lookAtControls();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    this.#timer.unref();
    for (const { work, definition } of this.#runners) {
      if (definition.isLive) this.#live.push(work.run(0, this.#abort.signal));
    }
    await Promise.all(this.#shared.map(async (lanes) => lanes.start()));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort();
    this.#talk.stop();
    const shared = this.#shared.map(async (lanes) => lanes.stop());
    await Promise.all([...shared, this.#reading, ...this.#live]);
    for (const runner of this.#runners) runner.linked(undefined);
  }

  /** Models of one version concern the others of its name. */
  #refresh(): void {
    for (const runner of this.#runners) runner.refresh();
  }

  #runnerOf(work: string): ProjectionRunner | undefined {
    return this.#runners.find((runner) => runner.work.name === work);
  }

  async #look(): Promise<void> {
    await this.#lookAtControls();
    for (const lanes of this.#shared) lanes.hear();
    await Promise.all(this.#runners.map(async (runner) => runner.lookAtReplica(this.#abort.signal)));
  }

  /** One after the other. */
  async #lookAtControls(): Promise<void> {
    this.#reading ??= this.#readControls().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readControls(): Promise<void> {
    try {
      const stored = await this.#controls.list(this.#abort.signal);
      this.#isErrorTold = false;
      for (const runner of this.#runners) {
        const record = stored.get(controlKey(runner.definition));
        if (record !== undefined) runner.operations.controlled(decodeControl(record.value), record.revision);
      }
    } catch (error) {
      if (this.#abort.signal.aborted || this.#isErrorTold) return;
      this.#isErrorTold = true;
      for (const runner of this.#runners) runner.troubled(error as Error);
    }
  }
}

/** The projections whose models are in databases, by their database. */
function byDatabase(
  runners: readonly ProjectionRunner[],
): (readonly [ProjectionRunner, ...ProjectionRunner[]])[] {
  const groups = new Map<ProjectionStore<unknown>, [ProjectionRunner, ...ProjectionRunner[]]>();
  for (const runner of runners) {
    const { isLive, store } = runner.definition;
    if (isLive) continue;
    const group = groups.get(store);
    if (group === undefined) groups.set(store, [runner]);
    else group.push(runner);
  }
  return [...groups.values()];
}
