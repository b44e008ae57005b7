import type { Position } from '../../event/position.js';

/** What is wrong with a message of a store. */
export type StoreFaultKind =
  /** It holds no commit, or one of a format that this version does not read. */
  | 'no-commit'
  /** It stands on a subject that is not its stream's: another store, slot, category or id. */
  | 'subject'
  /** Its number does not continue that of the commit before it in its stream. */
  | 'number'
  /** Its version does not continue those of the commit before it in its stream. */
  | 'version'
  /**
   * It lists other sequences than those of its predecessors: the stream is read by a scan, as after an
   * import.
   */
  | 'predecessors'
  /** An earlier commit has the same commit id. */
  | 'commit-id';

/** A fault of a store, as `npx jetsource verify` tells it. */
export interface StoreFault {
  readonly position: Position;
  readonly kind: StoreFaultKind;
  /** The stream, as `category/id`; the subject where there is no commit. */
  readonly stream: string;
  readonly reason: string;
}
