import type { HeldLane } from './held-lane.js';
import type { LaneRef } from './lane-key.js';

/** The lanes of a member: those that it owns, and those whose runs have not ended yet. */
export class HeldLanes {
  readonly #held = new Map<string, HeldLane>();
  /** Keys of lanes whose leases are gone while their runs have not ended: they are not taken meanwhile. */
  readonly #lost = new Map<string, HeldLane>();
  readonly #onChange: () => void;

  /** @param onChange Told when the run of a lost lane has ended. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get all(): readonly HeldLane[] {
    return [...this.#held.values()];
  }

  get keys(): ReadonlySet<string> {
    return new Set(this.#held.keys());
  }

  /** Keys of the lanes that are neither handed over nor taken: failed ones, and those whose runs have to end. */
  get stuck(): readonly string[] {
    const failed = this.all.filter(({ hasFailed }) => hasFailed).map(({ key }) => key);
    return [...failed, ...this.#lost.keys()].toSorted();
  }

  /** Those whose runs have not ended. */
  get running(): readonly LaneRef[] {
    return [...this.all, ...this.#lost.values()].filter(({ hasEnded }) => !hasEnded);
  }

  get(key: string): HeldLane | undefined {
    return this.#held.get(key);
  }

  add(held: HeldLane): void {
    this.#held.set(held.key, held);
    held.begin();
  }

  /** The lease is given back, and the run has ended. */
  remove(held: HeldLane): void {
    if (this.#held.get(held.key) === held) this.#held.delete(held.key);
  }

  /** The lease is another's: the run is aborted, and not waited for. */
  lose(held: HeldLane): void {
    this.remove(held);
    this.#lost.set(held.key, held);
    void held.end().then(() => {
      this.#lost.delete(held.key);
      this.#onChange();
    });
  }

  /** Resolves when the runs of all lost lanes have ended. */
  async lostEnded(): Promise<void> {
    await Promise.all([...this.#lost.values()].map(async (held) => held.end()));
  }
}
