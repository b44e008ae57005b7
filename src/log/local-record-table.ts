import type { JsonValue } from '../event/json-value.js';
import {
  checkRecordKey,
  hasPrefix,
  type ListRecordsOptions,
  type NewRecord,
  type RecordTable,
  type StoredRecord,
} from './record-table.js';

/** A record as it is kept: as text, so that nobody can change what is stored. */
interface KeptRecord {
  readonly text: string;
  readonly revision: number;
  /** In milliseconds since 1970. */
  readonly storedAt: number;
  /** By the table's clock. */
  readonly expiresAt: number;
}

/** A table in the memory of this process: for a log that has none, whose process is alone then. */
export class LocalRecordTable implements RecordTable {
  readonly #records = new Map<string, KeptRecord>();
  readonly #now: () => number;
  #lastRevision = 0;

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  async list({ prefix, signal }: ListRecordsOptions = {}): Promise<readonly StoredRecord[]> {
    await turn(signal);
    const keys = [...this.#records.keys()].filter((key) => hasPrefix(key, prefix));
    return keys.flatMap((key) => this.#read(key) ?? []);
  }

  async get(key: string, signal?: AbortSignal): Promise<StoredRecord | undefined> {
    checkRecordKey('key', key);
    await turn(signal);
    return this.#read(key);
  }

  async put({ key, value, revision, ttlMs }: NewRecord, signal?: AbortSignal): Promise<number | undefined> {
    checkRecordKey('key', key);
    const text = JSON.stringify(value);
    await turn(signal);
    if ((this.#read(key)?.revision ?? 0) !== revision) return undefined;
    this.#lastRevision += 1;
    const expiresAt = ttlMs === undefined ? Infinity : this.#now() + ttlMs;
    this.#records.set(key, { text, revision: this.#lastRevision, storedAt: Date.now(), expiresAt });
    return this.#lastRevision;
  }

  async remove(key: string, revision: number, signal?: AbortSignal): Promise<boolean> {
    checkRecordKey('key', key);
    await turn(signal);
    const found = this.#read(key);
    if (found !== undefined && found.revision !== revision) return false;
    this.#records.delete(key);
    return true;
  }

  /** Loses all records, as when the stream of a table on a server is deleted. */
  clear(): void {
    this.#records.clear();
  }

  #read(key: string): StoredRecord | undefined {
    const kept = this.#records.get(key);
    if (kept === undefined) return undefined;
    if (kept.expiresAt <= this.#now()) {
      this.#records.delete(key);
      return undefined;
    }
    const { text, revision, storedAt } = kept;
    return { key, value: JSON.parse(text) as JsonValue, revision, storedAt };
  }
}

/** Asynchronous, as on a connection. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await Promise.resolve();
  signal?.throwIfAborted();
}
