import type { JsonValue } from '../event/json-value.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';

/** A record as it was read. */
export interface StoredRecord {
  /** See {@link NewRecord.key}. */
  readonly key: string;
  /** Null as well where somebody stored what is no JSON. */
  readonly value: JsonValue;
  /** Changes with each write of the record. */
  readonly revision: number;
  /** When it was written, in milliseconds since 1970, by the clock of whoever keeps the table. */
  readonly storedAt: number;
}

/** A record to be written. */
export interface NewRecord {
  /** Tokens that are joined by dots, each of letters, digits, `-`, `_`, `~` and `%`. */
  readonly key: string;
  readonly value: JsonValue;
  /** The revision that the record must have; 0: there must be none. */
  readonly revision: number;
  /** How long the record is kept unless it is written again, in milliseconds. @default for ever */
  readonly ttlMs?: number | undefined;
}

/** How a table is read as a whole. */
export interface ListRecordsOptions {
  /** The first tokens of the keys. @default all records */
  readonly prefix?: string | undefined;
  /** Ends the read. @default none */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A small table of records beside a log, shared by the processes that use the log. Each record is changed by
 * comparing its revision, so of several writers one succeeds.
 *
 * Each call waits for an answer for a bounded time, and rejects with a {@link NatsError} when none comes.
 */
export interface RecordTable {
  /** The records, in no order. May lag: only a write, or {@link get}, tells what is there now. */
  list(options?: ListRecordsOptions): Promise<readonly StoredRecord[]>;

  /** One record, read from the leader; undefined when there is none. */
  get(key: string, signal?: AbortSignal): Promise<StoredRecord | undefined>;

  /**
   * Writes a record that has the expected revision.
   *
   * @returns its new revision; undefined when it has another one, so that nothing was written.
   * @throws {@link NatsError} with the outcome `unknown` when it may have been written.
   */
  put(record: NewRecord, signal?: AbortSignal): Promise<number | undefined>;

  /**
   * Removes the record that has that revision.
   *
   * @returns whether the record is gone now; false when it has another revision.
   */
  remove(key: string, revision: number, signal?: AbortSignal): Promise<boolean>;
}

const KEY = /^[\w~%-]+(\.[\w~%-]+)*$/;
/** A server does not answer requests with much longer subjects. */
const LONGEST_KEY = 2_000;

/** @throws {@link InvalidOptionError} for a key that a subject cannot hold. */
export function checkRecordKey(option: string, key: string): void {
  if (KEY.test(key) && key.length <= LONGEST_KEY) return;
  const allowed = `tokens of letters, digits, -, _, ~ and %, joined by dots, ${LONGEST_KEY} characters at most`;
  throw new InvalidOptionError({ option, given: key, allowed });
}

/** Whether a key begins with those tokens, and has more. */
export function hasPrefix(key: string, prefix: string | undefined): boolean {
  return prefix === undefined || key.startsWith(`${prefix}.`);
}
