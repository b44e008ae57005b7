/**
 * What members tell each other over {@link LogPeers}, where others tell other things: that the records are
 * worth a look.
 */
const KIND = 'lanes';

export function encodeLaneWord(from: string): string {
  return JSON.stringify([KIND, from]);
}

/** Id of the member that says so; undefined for another word. */
export function decodeLaneWord(word: string): string | undefined {
  try {
    const parts: unknown = JSON.parse(word);
    const [kind, from] = Array.isArray(parts) ? (parts as unknown[]) : [];
    return kind === KIND && typeof from === 'string' ? from : undefined;
  } catch {
    return undefined;
  }
}
