import type { Position } from '../../event/position.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { JetsourceError } from '../../kernel/jetsource-error.js';

/** A notification that is stored. */
export interface StoredNotification {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly position: Position;
}

/**
 * Not all notifications of a call are known to be stored, and some are or may be. Repeat the call with the same
 * command id, or store those of `notStored` only. Where nothing at all was stored, the call rejects with the
 * reason itself.
 */
export class NotifyIncompleteError extends JetsourceError {
  readonly code = 'notify-incomplete';
  override readonly outcome = 'unknown';
  override readonly name = 'NotifyIncompleteError';
  /** Those that are stored, in the order of the list. */
  readonly stored: readonly StoredNotification[];
  /** Places in the list of those that may be stored or not, from 0. */
  readonly unknown: readonly number[];
  /** Places in the list of those that are not stored, from 0. */
  readonly notStored: readonly number[];

  constructor(
    details: {
      stored: readonly StoredNotification[];
      unknown: readonly number[];
      notStored: readonly number[];
    },
    options?: ErrorOptions,
  ) {
    const { stored, unknown, notStored } = details;
    const total = stored.length + unknown.length + notStored.length;
    super(
      `${stored.length} of ${total} notifications are stored, ${unknown.length} may be, ${notStored.length} are not: ` +
        `${describeThrown(options?.cause)}; repeat the call with the same command id within two minutes, or store ` +
        `those in notStored`,
      options,
    );
    this.stored = stored;
    this.unknown = unknown;
    this.notStored = notStored;
  }
}
