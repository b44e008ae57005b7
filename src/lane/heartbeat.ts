import type { RecordTable } from '../log/record-table.js';
import type { LaneClock } from './lane-clock.js';
import { memberRecordKey } from './lane-key.js';
import { encodeMember, type MemberRecord } from './member-record.js';

/** The record of a member that is dead is kept this many timeouts, and a minute at least. */
const KEPT_TIMEOUTS = 10;
const KEPT_MS = 60_000;

/** What a heartbeat is made of. */
export interface HeartbeatParts {
  readonly id: string;
  readonly records: RecordTable;
  readonly clock: LaneClock;
  /** A member is taken for dead by others when they have seen no renewal for this long, in milliseconds. */
  readonly timeoutMs: number;
  /** Told when this member may have been taken for dead, before it is certain again. */
  readonly onDoubt: () => void;
}

/** A member's own record, renewed again and again. */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #key: string;
  #revision = 0;
  #sentAt = -Infinity;
  #certainUntil = -Infinity;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#key = memberRecordKey(parts.id);
  }

  /** Of the member's record; 0 before it has one. */
  get revision(): number {
    return this.#revision;
  }

  /** When the last renewal was sent, by the member's clock. */
  get sentAt(): number {
    return this.#sentAt;
  }

  /**
   * Until when nobody can have taken this member for dead, by its clock. Others begin to count when they have
   * seen a renewal, which is after it was sent.
   */
  get certainUntil(): number {
    return this.#certainUntil;
  }

  /** Whether nobody can have taken this member for dead. */
  get isCertain(): boolean {
    return this.#parts.clock.now() < this.#certainUntil;
  }

  /**
   * Renews the record.
   *
   * @param recordFor What the record says; told whether the member comes back.
   * @returns `joined` when the record was new. `back` when the member may have been taken for dead before, or
   *   all records were lost.
   * @throws {@link NatsError} when there is no answer.
   */
  async renew(
    recordFor: (isBack: boolean) => MemberRecord,
    signal: AbortSignal,
  ): Promise<'renewed' | 'joined' | 'back'> {
    const isJoining = this.#revision === 0;
    if (await this.#write(recordFor(false), signal)) return isJoining ? 'joined' : 'renewed';
    // somebody has removed it, it has expired, or a write that was not answered was stored
    this.#certainUntil = -Infinity;
    this.#parts.onDoubt();
    this.#revision = (await this.#parts.records.get(this.#key, signal))?.revision ?? 0;
    // where this fails, others look at the record as well: the next renewal tries again
    await this.#write(recordFor(true), signal);
    return 'back';
  }

  /** Removes the record. */
  async leave(signal: AbortSignal): Promise<void> {
    this.#certainUntil = -Infinity;
    if (this.#revision !== 0) await this.#parts.records.remove(this.#key, this.#revision, signal);
  }

  async #write(record: MemberRecord, signal: AbortSignal): Promise<boolean> {
    const { records, clock, timeoutMs } = this.#parts;
    const ttlMs = Math.max(KEPT_MS, KEPT_TIMEOUTS * timeoutMs);
    const sentAt = clock.now();
    this.#sentAt = sentAt;
    const written = { key: this.#key, value: encodeMember(record), revision: this.#revision, ttlMs };
    const revision = await records.put(written, signal);
    if (revision === undefined) return false;
    this.#revision = revision;
    this.#certainUntil = sentAt + timeoutMs;
    return true;
  }
}
