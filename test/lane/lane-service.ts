import { LaneRunner } from '../../src/lane/lane-runner.js';
import type { LaneRunnerOptions } from '../../src/lane/lane-options.js';
import type { LaneWork } from '../../src/lane/lane-work.js';
import type { RecordFaults } from '../../src/testing/in-memory/record-faults.js';
import {
  inMemoryEventStore,
  type InMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import type { ManualClock } from './manual-clock.js';

/** An instance of a service: a member with what it runs. */
export interface Instance {
  readonly runner: LaneRunner;
  readonly faults: RecordFaults;
  /** Lanes that are run now, as `work/lane`. */
  readonly running: Set<string>;
  /** How often a run was begun. */
  readonly begun: () => number;
  readonly errors: unknown[];
}

/** Instances of a service in one process, on one store in memory and one clock. */
export class LaneService {
  readonly instances: Instance[] = [];
  readonly #clock: ManualClock;
  readonly #store: InMemoryEventStore = inMemoryEventStore({ events: [] });
  /** Works, with the number of their lanes. */
  readonly #works: Readonly<Record<string, number>>;

  constructor(clock: ManualClock, works: Readonly<Record<string, number>>) {
    this.#clock = clock;
    this.#works = works;
  }

  /** @param run What a run does, once it is counted. */
  add(
    options: LaneRunnerOptions = {},
    run: LaneWork['run'] = untilAborted,
  ): Instance & { works: LaneWork[] } {
    const store = this.#store.another();
    const errors: unknown[] = [];
    const running = new Set<string>();
    let begun = 0;
    const runner = new LaneRunner(store.records, store.peers, {
      clock: this.#clock,
      onError: (error) => errors.push(error),
      ...options,
    });
    const works = Object.entries(this.#works).map(([name, lanes]) => ({
      name,
      lanes,
      run: async (lane: number, signal: AbortSignal) => {
        begun += 1;
        running.add(`${name}/${lane}`);
        try {
          await run(lane, signal);
        } finally {
          running.delete(`${name}/${lane}`);
        }
      },
    }));
    const instance = { runner, faults: store.log.faults.records, running, begun: () => begun, errors, works };
    this.instances.push(instance);
    return instance;
  }

  async started(options: LaneRunnerOptions = {}, run?: LaneWork['run']): Promise<Instance> {
    const instance = this.add(options, run);
    await instance.runner.start(instance.works);
    return instance;
  }

  /** All lanes that are run, each as often as it is run. */
  get running(): string[] {
    return this.instances.flatMap(({ running }) => [...running]).toSorted();
  }

  /** All records are lost. */
  loseRecords(): void {
    this.#store.log.records.clear();
  }

  /** Stops all instances whose runs end. */
  async stop(): Promise<void> {
    const stopping = Promise.all(this.instances.map(({ runner }) => runner.stop()));
    for (let turns = 0; turns < 100; turns += 1) await this.#clock.pass(1_000);
    await stopping;
  }
}

/** A run that works until it is aborted. */
export async function untilAborted(_lane: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
