import type { LaneReport } from '../progress/lane-report.js';

/**
 * What processes tell each other of projections over {@link LogPeers}, where others tell other things:
 *
 * - `asks`: somebody waits until the lanes of a work have reached a position, or tell how they are;
 * - `tells`: how the lanes are that the sender owns;
 * - `changed`: the controls or the models of a projection have changed.
 */
export type ProgressWord =
  | {
      readonly kind: 'asks';
      readonly from: string;
      readonly work: string;
      readonly position: string | undefined;
      readonly isAny: boolean;
    }
  | {
      readonly kind: 'tells';
      readonly from: string;
      readonly work: string;
      readonly lanes: readonly LaneReport[];
    }
  | { readonly kind: 'changed'; readonly from: string };

const TAG = 'projection';

export function encodeProgressWord(word: ProgressWord): string {
  return JSON.stringify([TAG, word]);
}

/** Undefined for what is none. */
export function decodeProgressWord(text: string): ProgressWord | undefined {
  if (!text.startsWith(`["${TAG}"`)) return undefined;
  try {
    const [, word] = JSON.parse(text) as [unknown, Partial<ProgressWord> | undefined];
    return typeof word?.kind === 'string' && typeof word.from === 'string'
      ? (word as ProgressWord)
      : undefined;
  } catch {
    return undefined;
  }
}
