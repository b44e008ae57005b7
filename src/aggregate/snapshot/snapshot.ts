import type { JsonValue } from '../../event/json-value.js';
import type { StreamName } from '../../event/stream-name.js';
import type { KeptCommands } from '../state/command-ids.js';

/** The state of an aggregate at a version, kept outside of the log. */
export interface Snapshot {
  /** Identity of the event store that it was folded from. */
  readonly store: string;
  /** Version of the state's shape: a snapshot of another one is ignored. */
  readonly contract: number;
  /** Version of the last event in it. */
  readonly version: number;
  /** Number of the last commit in its stream. */
  readonly number: number;
  /** Sequence of the last commit's message in the store. */
  readonly sequence: number;
  /** Id of the last commit. */
  readonly commitId: string;
  /** The last commands of the stream. */
  readonly commands: KeptCommands;
  /** The state, as its codec made it. */
  readonly state: JsonValue;
}

/**
 * Keeps the latest snapshot of each stream. It may lose snapshots: the log holds everything. What its methods
 * throw is reported as a warning, and never fails a command.
 */
export interface SnapshotStore {
  /** The latest snapshot of a stream; undefined when there is none. */
  load(stream: StreamName, options: SnapshotStoreOptions): Promise<Snapshot | undefined>;

  /**
   * Keeps a snapshot and removes those before it.
   *
   * @returns false when one of the same contract and of the same version or a later one is there.
   */
  save(stream: StreamName, snapshot: Snapshot, options: SnapshotStoreOptions): Promise<boolean>;

  /** Removes all snapshots of a stream. */
  delete(stream: StreamName, options: SnapshotStoreOptions): Promise<void>;
}

/** Options of every method of a {@link SnapshotStore}. */
export interface SnapshotStoreOptions {
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

/** Whether a kept snapshot is of the same version as an offered one, or of a later one. */
export function outdates(kept: Snapshot, offered: Snapshot): boolean {
  return (
    kept.store === offered.store && kept.contract === offered.contract && kept.version >= offered.version
  );
}
