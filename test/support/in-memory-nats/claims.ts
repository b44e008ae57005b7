const NS_PER_MS = 1_000_000;
const DEFAULT_ACK_WAIT_NS = 30_000 * NS_PER_MS;

/** How a consumer is acknowledged to. */
export interface ClaimConfig {
  readonly ack_policy?: string;
  readonly ack_wait?: number;
  readonly max_deliver?: number;
  readonly max_ack_pending?: number;
}

interface Claim {
  deliveries: number;
  timer?: NodeJS.Timeout | undefined;
}

/** Messages that a consumer has delivered and that are not settled: each comes again when its time is up. */
export class Claims {
  readonly #config: ClaimConfig;
  readonly #onDue: () => void;
  readonly #claims = new Map<number, Claim>();
  /** Sequences that are to be delivered again. */
  #due: number[] = [];

  constructor(config: ClaimConfig, onDue: () => void) {
    this.#config = config;
    this.#onDue = onDue;
  }

  get #isNeeded(): boolean {
    return (this.#config.ack_policy ?? 'none') !== 'none';
  }

  get count(): number {
    return this.#claims.size;
  }

  /** The lowest sequence that is not settled. */
  get first(): number | undefined {
    return this.#claims.size === 0 ? undefined : Math.min(...this.#claims.keys());
  }

  /**
   * Whether another message may be delivered before one is settled; one that was delivered before always may.
   */
  get hasRoom(): boolean {
    return this.#due.length > 0 || this.count < (this.#config.max_ack_pending ?? 1_000);
  }

  /** The next sequence that is to be delivered again. */
  takeDue(): number | undefined {
    return this.#due.shift();
  }

  has(sequence: number): boolean {
    return this.#claims.has(sequence);
  }

  /** One that was due is still so. */
  putBack(sequence: number): void {
    this.#due.unshift(sequence);
  }

  /** Notes a delivery. @returns how often the message has been delivered. */
  take(sequence: number): number {
    if (!this.#isNeeded) return 1;
    const claim = this.#claims.get(sequence) ?? { deliveries: 0 };
    claim.deliveries += 1;
    this.#claims.set(sequence, claim);
    this.renew(sequence);
    return claim.deliveries;
  }

  /** The time begins again. */
  renew(sequence: number): void {
    const waitMs = (this.#config.ack_wait ?? DEFAULT_ACK_WAIT_NS) / NS_PER_MS;
    this.#deliverAgain(sequence, waitMs);
  }

  handBack(sequence: number, delayMs: number): void {
    this.#deliverAgain(sequence, delayMs);
  }

  settle(sequence: number): void {
    clearInterval(this.#claims.get(sequence)?.timer);
    this.#claims.delete(sequence);
    this.#due = this.#due.filter((due) => due !== sequence);
  }

  clear(): void {
    for (const sequence of [...this.#claims.keys()]) this.settle(sequence);
  }

  #deliverAgain(sequence: number, afterMs: number): void {
    const claim = this.#claims.get(sequence);
    if (claim === undefined) return;
    clearInterval(claim.timer);
    if (afterMs === 0) return this.#makeDue(sequence, claim);
    // an interval, since specs have their intervals in hand
    claim.timer = setInterval(() => this.#makeDue(sequence, claim), afterMs);
  }

  #makeDue(sequence: number, claim: Claim): void {
    clearInterval(claim.timer);
    if (claim.deliveries >= (this.#config.max_deliver ?? Infinity)) return this.settle(sequence);
    this.#due.push(sequence);
    this.#onDue();
  }
}
