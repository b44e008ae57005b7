/** How long a member may be silent. */
export interface LivenessLimits {
  /** How often members renew their records, in milliseconds. */
  readonly renewMs: number;
  /** A member whose record has not changed for this long is dead, in milliseconds. */
  readonly timeoutMs: number;
}

/** What was last seen of a member. */
interface Sign {
  readonly revision: number;
  /** Since when it has been seen without a change, by the observer's clock. */
  readonly since: number;
}

/**
 * Which members are dead, judged by one observer's clock alone: those whose records have not changed for a
 * while. Only time in which the observer itself could write and read counts. When it could not for longer than
 * two renewals, everybody's time begins again.
 */
export class Liveness {
  readonly #limits: LivenessLimits;
  #signs = new Map<string, Sign>();
  #observedAt = -Infinity;

  constructor(limits: LivenessLimits) {
    this.#limits = limits;
  }

  /**
   * The observer has seen the records.
   *
   * @param revisions The revision of each member's record; 0 for a member that owns a lane and has no record.
   */
  observe(now: number, revisions: ReadonlyMap<string, number>): void {
    const wasAway = now - this.#observedAt > 2 * this.#limits.renewMs;
    const signs = new Map<string, Sign>();
    for (const [id, revision] of revisions) {
      const sign = this.#signs.get(id);
      const isSame = sign?.revision === revision && !wasAway;
      signs.set(id, isSame ? sign : { revision, since: now });
    }
    this.#signs = signs;
    this.#observedAt = now;
  }

  /** A member turned out to be alive. */
  noteAlive(id: string): void {
    const sign = this.#signs.get(id);
    if (sign !== undefined) this.#signs.set(id, { ...sign, since: this.#observedAt });
  }

  isDead(id: string): boolean {
    const sign = this.#signs.get(id);
    return sign !== undefined && this.#observedAt - sign.since >= this.#limits.timeoutMs;
  }

  /** When the next member is dead unless its record changes, by the observer's clock. */
  get nextDeathAt(): number {
    const times = [...this.#signs].flatMap(([id, { since }]) =>
      this.isDead(id) ? [] : since + this.#limits.timeoutMs,
    );
    return Math.min(Infinity, ...times);
  }
}
