import { BATCH_HEADERS_BYTES, sizeOf } from '../log/message-size.js';
import type { OutgoingMessage } from '../log/message-log.js';
import { ApiCode } from '../jetstream/api/api-codes.js';
import { describeFault } from '../jetstream/api/api-fault.js';
import { ServerHeader } from '../jetstream/api/server-headers.js';
import { NatsError } from '../jetstream/connection/connection-errors.js';
import { expectValue } from '../jetstream/connection/expect-value.js';
import type { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { PublishRefusedError } from '../jetstream/publish/publish-errors.js';
import { Publisher, type ServerAnswer } from '../jetstream/publish/publisher.js';
import { MessageReader } from '../jetstream/read/message-reader.js';
import { replay } from '../jetstream/replay/replay-loop.js';
import { listSubjects } from '../jetstream/streams/subject-names.js';
import { StoreNotFoundError } from '../jetstream/streams/stream-errors.js';
import type { ReplayBatch } from '../log/message-log.js';
import { Deadline } from '../kernel/deadline.js';
import { mapBounded } from '../kernel/map-bounded.js';
import { sleep } from '../kernel/sleep.js';
import { streamOfBucket, subjectOfKey } from './bucket-stream.js';
import { BucketNotFoundError } from './kv-errors.js';

const DEADLINE_MS = 15_000;
const PAUSE_MS = 50;
/** A stream that the server does not know for this long was deleted: an election may make it forget. */
const GONE_MS = 2_500;
/** Reads under way at a time. */
const READS = 64;
/** Messages and bytes of one atomic batch; the server takes 1,000 messages at most. */
const BATCH_MESSAGES = 500;
const BATCH_BYTES = 4 * 1024 * 1024;
/** What clients of NATS mark a deleted key with. */
const OPERATION = 'KV-Operation';

/** What is stored under a key. */
export interface Entry {
  /** Sequence of the key's last message; 0 where there is none. */
  readonly revision: number;
  /** The value; undefined where there is none, or it was deleted. */
  readonly value: Uint8Array | undefined;
}

/** A key's next value. */
export interface Put {
  readonly key: string;
  /** Undefined deletes the key. */
  readonly value: Uint8Array | undefined;
  /** The revision that it takes the place of. */
  readonly revision: number;
}

/** A KV bucket, read at its leader and written with guards. */
export class Bucket {
  readonly name: string;
  readonly #connection: JetStreamConnection;
  readonly #stream: string;
  readonly #reader: MessageReader;
  readonly #publisher: Publisher;
  readonly #largest: number;
  readonly #batchSize: number;
  /** Since when the server has answered that there is no such stream. */
  #missingSince: number | undefined;

  constructor(
    connection: JetStreamConnection,
    { name, largest = Infinity, batchSize = BATCH_MESSAGES }: BucketOptions,
  ) {
    this.name = name;
    this.#connection = connection;
    this.#stream = streamOfBucket(name);
    this.#reader = new MessageReader(connection, this.#stream);
    this.#publisher = new Publisher(connection);
    this.#largest = largest;
    this.#batchSize = batchSize;
  }

  /** What the keys hold, as the leader knows it, in that order. */
  async read(keys: readonly string[]): Promise<Entry[]> {
    const deadline = new Deadline(DEADLINE_MS);
    return this.#onStream(async () =>
      mapBounded(keys, async (key) => this.#read(key, deadline), { width: READS }),
    );
  }

  /** The keys that match a filter, also those that were deleted. */
  async keys(filter: string): Promise<string[]> {
    const deadline = new Deadline(DEADLINE_MS);
    const prefix = subjectOfKey(this.name, '');
    return this.#onStream(async () => {
      const keys: string[] = [];
      for (;;) {
        const query = { stream: this.#stream, filter: subjectOfKey(this.name, filter), offset: keys.length };
        const { subjects, total } = await listSubjects(this.#connection, query, deadline);
        keys.push(...subjects.map((subject) => subject.slice(prefix.length)));
        if (keys.length >= total || subjects.length === 0) return keys;
      }
    });
  }

  /** Why a value does not fit; undefined when it does. */
  misfit(put: Put): string | undefined {
    const size = sizeOf(this.#message(put)) + BATCH_HEADERS_BYTES;
    const limit = Math.min(this.#connection.maxPayload, this.#largest);
    return size <= limit
      ? undefined
      : `it has ${size} bytes, the server takes ${limit}: split it, or store a reference to large content`;
  }

  /**
   * Stores the values in their order: together where they fit in one batch, else in several. Where one of the
   * revisions is not the key's any more, its batch and all after it are not stored.
   *
   * @returns the sequences of the values.
   * @throws {@link NatsError} when another writer was first, or no answer came in time;
   * {@link BucketNotFoundError} when the bucket was deleted; {@link PublishRefusedError} when it is full.
   */
  async write(puts: readonly Put[]): Promise<number[]> {
    const sequences: number[] = [];
    for (const batch of batchesOf(puts, this.#batchSize)) {
      const last = await this.#writeBatch(batch);
      sequences.push(...batch.map((_, index) => last - batch.length + 1 + index));
    }
    return sequences;
  }

  /** Removes all keys that match a filter, with their revisions before a sequence; all where none is given. */
  async purge(filter: string, before: number | undefined): Promise<void> {
    const what = { filter: subjectOfKey(this.name, filter), ...(before !== undefined && { seq: before }) };
    await this.#onStream(async () => {
      const result = await this.#connection.api.purgeStream(this.#stream, what, new Deadline(DEADLINE_MS));
      expectValue(result, `purging ${what.filter} of stream ${this.#stream}`);
    });
  }

  /** The values of the keys that match a filter, then those that are stored later, until the signal aborts. */
  async *follow(filter: string, signal?: AbortSignal): AsyncGenerator<ReplayBatch, void, void> {
    const filters = [subjectOfKey(this.name, filter)];
    const options = { start: { sequence: 1 }, filters, live: true, maxBatch: 1_000, signal };
    try {
      yield* replay(this.#connection, this.#stream, options);
    } catch (cause) {
      if (!(cause instanceof StoreNotFoundError)) throw cause;
      throw new BucketNotFoundError({ bucket: this.name }, { cause });
    }
  }

  async #read(key: string, deadline: Deadline): Promise<Entry> {
    const found = await this.#reader.lastAtLeader(subjectOfKey(this.name, key), deadline);
    if (found === undefined) return { revision: 0, value: undefined };
    return { revision: found.sequence, value: found.data.length === 0 ? undefined : found.data };
  }

  async #writeBatch(batch: readonly Put[]): Promise<number> {
    const deadline = new Deadline(DEADLINE_MS);
    const messages = batch.map((put) => this.#message(put));
    for (;;) {
      const answer = await this.#publish(messages, deadline);
      if (answer.kind === 'stored') return answer.sequence;
      const own = isOpen(answer) ? await this.#ownSequence(batch, deadline) : undefined;
      if (own !== undefined) return own;
      if (answer.kind !== 'unanswered' || !answer.sure || deadline.passed) throw this.#fault(batch, answer);
      await this.#requireBucket(undefined, deadline);
      await sleep(PAUSE_MS);
    }
  }

  async #publish(messages: readonly OutgoingMessage[], deadline: Deadline): Promise<ServerAnswer> {
    const [only] = messages;
    const patience = { untilServed: false };
    return messages.length === 1 && only !== undefined
      ? this.#publisher.publish(only, deadline, patience)
      : this.#publisher.publishBatch(messages, deadline, patience);
  }

  /** A send that was not answered may have stored it: then the last key holds just that. */
  async #ownSequence(batch: readonly Put[], deadline: Deadline): Promise<number | undefined> {
    const { key, value, revision } = batch.at(-1) as Put;
    const found = await this.#read(key, deadline);
    if (found.revision <= revision || value === undefined || found.value === undefined) return undefined;
    return Buffer.compare(value, found.value) === 0 ? found.revision : undefined;
  }

  #fault(batch: readonly Put[], answer: ServerAnswer): Error {
    const what = `${batch.length} keys of KV bucket ${this.name}`;
    if (answer.kind === 'refused')
      return new PublishRefusedError({
        subject: subjectOfKey(this.name, (batch[0] as Put).key),
        reason: describeFault(answer.fault),
      });
    if (answer.kind === 'conflict')
      return new NatsError(`${what} were not stored: another writer changed one of them first`);
    const outcome = answer.kind === 'unanswered' && answer.sure ? 'not-applied' : 'unknown';
    return new NatsError(`${what}: the server did not say whether they are stored`, { outcome });
  }

  #message({ key, value, revision }: Put): OutgoingMessage {
    return {
      subject: subjectOfKey(this.name, key),
      payload: value ?? new Uint8Array(),
      headers: {
        [ServerHeader.expectedLastSubjectSequence]: String(revision),
        ...(value === undefined && { [OPERATION]: 'DEL' }),
      },
    };
  }

  /** @throws {@link BucketNotFoundError} when the work fails since the bucket was deleted. */
  async #onStream<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof NatsError) await this.#requireBucket(cause, new Deadline(DEADLINE_MS));
      throw cause;
    }
  }

  /** @throws {@link BucketNotFoundError} when the server has not known the bucket for a while. */
  async #requireBucket(cause: Error | undefined, deadline: Deadline): Promise<void> {
    for (;;) {
      const found = await this.#connection.api.streamInfo(this.#stream, deadline);
      if (found.ok || found.fault.err_code !== ApiCode.streamNotFound) {
        this.#missingSince = undefined;
        return;
      }
      this.#missingSince ??= performance.now();
      if (performance.now() - this.#missingSince > GONE_MS)
        throw new BucketNotFoundError({ bucket: this.name }, cause === undefined ? {} : { cause });
      await sleep(PAUSE_MS);
    }
  }
}

/** Which bucket, and how it is written. */
export interface BucketOptions {
  readonly name: string;
  /** The largest message that it takes, in bytes. @default what the server takes */
  readonly largest?: number | undefined;
  /** Values that are stored together at most, 1 to 1,000. @default 500 */
  readonly batchSize?: number | undefined;
}

/** Whether an earlier send of the same may have been stored. */
function isOpen(answer: ServerAnswer): boolean {
  if (answer.kind === 'unanswered') return !answer.sure;
  return (answer.kind === 'conflict' || answer.kind === 'refused') && answer.resent;
}

/** From the end, so that the checkpoints, which come last, are in one batch with as many rows as fit. */
function batchesOf(puts: readonly Put[], most: number): Put[][] {
  const batches: Put[][] = [];
  let bytes = 0;
  for (const put of puts.toReversed()) {
    const size = put.value?.length ?? 0;
    const current = batches.at(-1);
    bytes += size;
    if (current !== undefined && current.length < most && bytes <= BATCH_BYTES) {
      current.push(put);
    } else {
      batches.push([put]);
      bytes = size;
    }
  }
  return batches.map((batch) => batch.toReversed()).toReversed();
}
