import { KeyedQueue } from '../../kernel/keyed-queue.js';
import { InFlight } from '../../kernel/in-flight.js';
import type { TransactionResult } from './transact-options.js';
import { Write, type WriteParts } from './write.js';
import type { WriteRequest } from './write-request.js';

/** Stores what requests ask for, each of them all or nothing: the one way to write to a store. */
export class Writer {
  readonly #parts: WriteParts;
  readonly #queue = new KeyedQueue();
  readonly #inFlight = new InFlight();

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  async write(request: WriteRequest): Promise<TransactionResult> {
    return this.#inFlight.run(async () => this.#start(request));
  }

  /** Resolves when nothing is in flight any more. */
  async drain(): Promise<void> {
    await this.#inFlight.drain();
  }

  async #start(request: WriteRequest): Promise<TransactionResult> {
    const [{ expect, stream }] = request.writes as [WriteRequest['writes'][number]];
    if (request.isTransaction || typeof expect === 'number') return this.#run(request);
    // appends that fit any end would only make each other conflict
    return this.#queue.run(stream.toString(), async () => this.#run(request), request.deadline);
  }

  async #run(request: WriteRequest): Promise<TransactionResult> {
    const { writes, deadline } = request;
    const pauses = writes.map(async ({ stream }) => this.#parts.pacing.pause(stream.toString(), deadline));
    const paused = await Promise.all(pauses);
    // what was known before a pause for others is stale
    return new Write(this.#parts, request).run(paused.includes(true) ? 'leader' : 'known');
  }
}
