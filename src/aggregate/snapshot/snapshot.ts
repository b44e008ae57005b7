import type { JsonValue } from '../../event/metadata.js';
import type { StreamName } from '../../event/stream-name.js';
import type { CommandIds } from '../state/command-ids.js';

/** The state of an aggregate at one version, as it is kept beside the log. */
export interface Snapshot {
  /** Identity of the store that it was folded from. */
  readonly store: string;
  /** Version of the state's contract: a state of another one is not read. */
  readonly contract: number;
  /** The last event in it, and the commit of that event: number in the stream, sequence, id. */
  readonly version: number;
  readonly number: number;
  readonly sequence: number;
  readonly commitId: string;
  readonly commands: ReturnType<CommandIds['toJSON']>;
  readonly state: JsonValue;
}

/**
 * Where snapshots are kept: the latest one of each stream. It may lose or mangle them: a snapshot saves time, the log is the truth. Nothing that it
 * throws reaches a command.
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

export interface SnapshotStoreOptions {
  readonly signal: AbortSignal;
}

/** Whether a snapshot that is there makes another one needless. */
export function outdates(kept: Snapshot, offered: Snapshot): boolean {
  return (
    kept.store === offered.store && kept.contract === offered.contract && kept.version >= offered.version
  );
}
