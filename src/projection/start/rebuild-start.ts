import type { Position } from '../../event/position.js';

/**
 * Where a rebuild begins: at an event (`position`), at a sequence of the store's JetStream stream, or at a
 * time by the server's clock. It must not lie beyond the end of the log, nor in the future: what is appended
 * later would be skipped.
 */
export type RebuildStart =
  { readonly position: Position } | { readonly sequence: number } | { readonly time: Date };
