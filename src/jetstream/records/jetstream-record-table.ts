import type { JsonValue } from '../../event/json-value.js';
import { Deadline } from '../../kernel/deadline.js';
import type { StoredMessage } from '../../log/message-log.js';
import {
  checkRecordKey,
  type ListRecordsOptions,
  type NewRecord,
  type RecordTable,
  type StoredRecord,
} from '../../log/record-table.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { listMessages, type TimedMessage } from './list-messages.js';
import { RecordPublisher } from './record-publisher.js';
import { RecordStream } from './record-stream.js';

/** How long each call waits for an answer. */
const TIMEOUT_MS = 10_000;
/** How long a mark says that a record was removed, in milliseconds. */
const MARK_TTL_MS = 10_000;
/** How often a record is written over a mark, or over none where the mark has just gone. */
const TRIES = 4;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/**
 * The records beside a log, in a JetStream stream with one message for each: a record's revision is its
 * sequence. A record is removed by a guarded message without a body, which lives for seconds only. A deletion
 * would not do: a replicated stream compares the guard of a write with what has been stored, not with a
 * deletion that is under way.
 */
export class JetStreamRecordTable implements RecordTable {
  readonly #connection: JetStreamConnection;
  readonly #stream: RecordStream;
  readonly #publisher: RecordPublisher;

  /** @param logStream Name of the log's JetStream stream. */
  constructor(connection: JetStreamConnection, logStream: string) {
    this.#connection = connection;
    this.#stream = new RecordStream(connection, logStream);
    this.#publisher = new RecordPublisher(connection, this.#stream);
  }

  /**
   * The server's time, in milliseconds since 1970, by the clock of {@link StoredRecord.storedAt}; undefined while
   * there has been no record. Creates nothing.
   */
  async now(signal?: AbortSignal): Promise<number | undefined> {
    return this.#stream.now(new Deadline(TIMEOUT_MS, signal));
  }

  async list({ prefix, signal }: ListRecordsOptions = {}): Promise<readonly StoredRecord[]> {
    if (prefix !== undefined) checkRecordKey('prefix', prefix);
    const deadline = new Deadline(TIMEOUT_MS, signal);
    await this.#stream.ensure(deadline);
    const wanted = {
      stream: this.#stream.name,
      filter: this.#stream.subjectOf(prefix === undefined ? '>' : `${prefix}.>`),
      onUnserved: async () => {
        this.#stream.doubt();
        await this.#stream.ensure(deadline);
      },
    };
    const messages = await listMessages(this.#connection, wanted, deadline);
    return messages.flatMap((message) => toRecord(this.#stream.keyOf(message.subject), message) ?? []);
  }

  async get(key: string, signal?: AbortSignal): Promise<StoredRecord | undefined> {
    checkRecordKey('key', key);
    const last = await this.#publisher.last(key, new Deadline(TIMEOUT_MS, signal));
    return last && toRecord(key, last);
  }

  async put({ key, value, revision, ttlMs }: NewRecord, signal?: AbortSignal): Promise<number | undefined> {
    checkRecordKey('key', key);
    const deadline = new Deadline(TIMEOUT_MS, signal);
    const record = { key, payload: utf8.encode(JSON.stringify(value)), ttlMs };
    let after = revision;
    for (let left = TRIES; left > 0; left -= 1) {
      const written = await this.#publisher.publish({ ...record, after }, deadline);
      if (written !== undefined || revision !== 0) return written;
      const last = await this.#publisher.last(key, deadline);
      if (last !== undefined && !isMark(last)) return undefined;
      after = last?.sequence ?? 0;
    }
    return undefined;
  }

  async remove(key: string, revision: number, signal?: AbortSignal): Promise<boolean> {
    checkRecordKey('key', key);
    const deadline = new Deadline(TIMEOUT_MS, signal);
    const mark = { key, payload: new Uint8Array(), after: revision, ttlMs: MARK_TTL_MS };
    if ((await this.#publisher.publish(mark, deadline)) !== undefined) return true;
    const last = await this.#publisher.last(key, deadline);
    return last === undefined || isMark(last);
  }
}

function isMark({ data }: StoredMessage): boolean {
  return data.length === 0;
}

/** Undefined for a mark. */
function toRecord(key: string, message: TimedMessage): StoredRecord | undefined {
  if (isMark(message)) return undefined;
  const { data, sequence: revision, time: storedAt } = message;
  return { key, value: parse(data), revision, storedAt };
}

/** Null for what is no JSON, so that its place can be written over. */
function parse(data: Uint8Array): JsonValue {
  try {
    return JSON.parse(text.decode(data)) as JsonValue;
  } catch {
    return null;
  }
}
