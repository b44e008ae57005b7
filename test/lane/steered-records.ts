import type { ListRecordsOptions, NewRecord, RecordTable, StoredRecord } from '../../src/log/record-table.js';

/** A call of a table, before it reaches the records and before its answer is heard. */
export interface SteeredCall {
  readonly kind: 'list' | 'get' | 'put' | 'remove';
  /** Empty for a list. */
  readonly key: string;
  readonly moment: 'sent' | 'answered';
}

/** Records whose calls wait for what a spec says. */
export class SteeredRecords implements RecordTable {
  readonly #records: RecordTable;
  /** What each call waits for. */
  steer: (call: SteeredCall) => Promise<void> = async () => undefined;

  constructor(records: RecordTable) {
    this.#records = records;
  }

  async list(options?: ListRecordsOptions): Promise<readonly StoredRecord[]> {
    return this.#call('list', '', async () => this.#records.list(options));
  }

  async get(key: string, signal?: AbortSignal): Promise<StoredRecord | undefined> {
    return this.#call('get', key, async () => this.#records.get(key, signal));
  }

  async put(record: NewRecord, signal?: AbortSignal): Promise<number | undefined> {
    return this.#call('put', record.key, async () => this.#records.put(record, signal));
  }

  async remove(key: string, revision: number, signal?: AbortSignal): Promise<boolean> {
    return this.#call('remove', key, async () => this.#records.remove(key, revision, signal));
  }

  async #call<T>(kind: SteeredCall['kind'], key: string, call: () => Promise<T>): Promise<T> {
    await this.steer({ kind, key, moment: 'sent' });
    const answer = await call();
    await this.steer({ kind, key, moment: 'answered' });
    return answer;
  }
}
