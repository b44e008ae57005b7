import { NatsError } from '../../jetstream/connection/connection-errors.js';
import type { LocalRecordTable } from '../../log/local-record-table.js';
import {
  hasPrefix,
  type ListRecordsOptions,
  type NewRecord,
  type RecordTable,
  type StoredRecord,
} from '../../log/record-table.js';
import type { RecordFaults } from './record-faults.js';

/** The records beside a log in memory, as one handle sees them. */
export class InMemoryRecordTable implements RecordTable {
  readonly #records: LocalRecordTable;
  readonly #faults: RecordFaults;
  #lastList: readonly StoredRecord[] = [];

  /** @param records Shared by all handles on one log. */
  constructor(records: LocalRecordTable, faults: RecordFaults) {
    this.#records = records;
    this.#faults = faults;
  }

  async list({ prefix, signal }: ListRecordsOptions = {}): Promise<readonly StoredRecord[]> {
    await this.#requireServer(signal);
    if (!this.#faults.isLagging) this.#lastList = await this.#records.list({ signal });
    return this.#lastList.filter(({ key }) => hasPrefix(key, prefix));
  }

  async get(key: string, signal?: AbortSignal): Promise<StoredRecord | undefined> {
    await this.#requireServer(signal);
    return this.#records.get(key, signal);
  }

  async put(record: NewRecord, signal?: AbortSignal): Promise<number | undefined> {
    return this.#write(async () => this.#records.put(record, signal), signal);
  }

  async remove(key: string, revision: number, signal?: AbortSignal): Promise<boolean> {
    return this.#write(async () => this.#records.remove(key, revision, signal), signal);
  }

  /** Loses all records, for all handles, as when the stream of a table on a server is deleted. */
  clear(): void {
    this.#records.clear();
  }

  async #write<T>(write: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    await this.#requireServer(signal);
    const lost = this.#faults.takeLostWrite();
    if (lost === undefined) return write();
    if (lost === 'written') await write();
    throw new NatsError('no answer whether the record was written', { outcome: 'unknown' });
  }

  async #requireServer(signal: AbortSignal | undefined): Promise<void> {
    await Promise.resolve();
    signal?.throwIfAborted();
    if (this.#faults.isDown) throw new NatsError('the records are not answered');
  }
}
