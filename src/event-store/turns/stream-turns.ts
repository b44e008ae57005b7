import { LRUCache } from 'lru-cache';
import { v4 as randomUuid } from 'uuid';
import { type LogPeers, NO_PEERS } from '../../log/log-peers.js';
import { type Admission, ContendedStream, type TurnRequest } from './contended-stream.js';
import { decodeTurnWord, encodeTurnWord, type TurnWord } from './turn-word.js';

/** Contended streams that are known at a time. */
const MAX_STREAMS = 1_000;

/** The turns of a process on the streams of a store that others write too. Knows nothing of all others. */
export class StreamTurns {
  readonly #me = randomUuid().slice(0, 8);
  readonly #peers: LogPeers;
  readonly #streams = new LRUCache<string, ContendedStream>({ max: MAX_STREAMS });
  readonly #stopListening: () => void;

  constructor(peers: LogPeers = NO_PEERS) {
    this.#peers = peers;
    this.#stopListening = peers.listen((text) => this.#hear(decodeTurnWord(text)));
  }

  /** Whether the processes hear each other. Without that there are no turns. */
  get areKept(): boolean {
    return this.#peers.areHeard;
  }

  /** Whether processes wait for the stream, or have done so lately. */
  isContended(stream: string): boolean {
    if (this.#streams.size === 0) return false;
    const contended = this.#streams.get(stream);
    if (contended?.isQuiet === true) this.#streams.delete(stream);
    return contended !== undefined && this.#streams.has(stream);
  }

  /** Waits for the turn on a stream. Never rejects. */
  async admit(stream: string, request: TurnRequest): Promise<Admission> {
    return this.#contended(stream).admit(request);
  }

  /** Hears nothing more. */
  close(): void {
    this.#stopListening();
  }

  #contended(stream: string): ContendedStream {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const from = this.#me;
    const contended = new ContendedStream(from, {
      wants: () => this.#tell({ kind: 'wants', from, stream }),
      next: (to) => this.#tell({ kind: 'next', from, stream, to }),
    });
    this.#streams.set(stream, contended);
    return contended;
  }

  #tell(word: TurnWord): void {
    this.#peers.tell(encodeTurnWord(word));
  }

  #hear(word: TurnWord | undefined): void {
    if (word === undefined || word.from === this.#me) return;
    if (word.kind === 'wants') this.#contended(word.stream).heardWants(word.from);
    // nobody of this process waits for a stream that is not known
    else if (word.to === this.#me || this.#streams.has(word.stream))
      this.#contended(word.stream).heardNext(word.to);
  }
}
