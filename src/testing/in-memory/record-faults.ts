/** What happens to a write of a record whose answer is lost. */
export type LostWrite = 'written' | 'not-written';

/** Faults of the records beside a log in memory, as one handle sees them. */
export class RecordFaults {
  readonly #lostWrites: LostWrite[] = [];
  #isDown = false;
  #isLagging = false;

  /** The next write gets no answer. */
  loseAnswer(write: LostWrite): void {
    this.#lostWrites.push(write);
  }

  /** No call is answered until {@link comeBack}. */
  goDown(): void {
    this.#isDown = true;
  }

  /** Calls are answered again. */
  comeBack(): void {
    this.#isDown = false;
  }

  /** Lists show the records as the last list did, until {@link catchUp}. */
  lag(): void {
    this.#isLagging = true;
  }

  /** Lists show the records as they are. */
  catchUp(): void {
    this.#isLagging = false;
  }

  /** @internal */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** @internal */
  get isLagging(): boolean {
    return this.#isLagging;
  }

  /** @internal */
  takeLostWrite(): LostWrite | undefined {
    return this.#lostWrites.shift();
  }
}
