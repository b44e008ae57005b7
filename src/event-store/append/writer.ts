import { noteAppended } from '../../event/append-tracking.js';
import { KeyedQueue } from '../../kernel/keyed-queue.js';
import { InFlight } from '../../kernel/in-flight.js';
import type { TransactionResult } from './transact-options.js';
import { Write, type WriteParts } from './write.js';
import type { WriteRequest } from './write-request.js';

interface WriterParts extends WriteParts {
  /** UUID of the store. */
  readonly identity: string;
}

/** Stores requests, each of them all or nothing: the one way to write to a store. */
export class Writer {
  readonly #parts: WriterParts;
  readonly #queue = new KeyedQueue();
  readonly #inFlight = new InFlight();

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  async write(request: WriteRequest): Promise<TransactionResult> {
    const result = await this.#inFlight.run(async () => this.#start(request));
    for (const { position } of result.entries) noteAppended(this.#parts.identity, position);
    return result;
  }

  /** Resolves when nothing is in flight. */
  async drain(): Promise<void> {
    await this.#inFlight.drain();
  }

  async #start(request: WriteRequest): Promise<TransactionResult> {
    const write = new Write(this.#parts, request);
    const [{ expect, stream }] = request.writes as [WriteRequest['writes'][number]];
    if (request.isTransaction || typeof expect === 'number') return write.run();
    // appends that expect nothing exact would only conflict with each other
    return this.#queue.run(stream.toString(), async () => write.run(), request.deadline);
  }
}
