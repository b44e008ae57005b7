/**
 * What processes tell each other of a stream that several of them write: that one waits for its turn, or whose
 * turn it is now.
 */
export type TurnWord =
  | { readonly kind: 'wants'; readonly from: string; readonly stream: string }
  | { readonly kind: 'next'; readonly from: string; readonly stream: string; readonly to: string };

export function encodeTurnWord(word: TurnWord): string {
  const { kind, from, stream } = word;
  return JSON.stringify(kind === 'next' ? [kind, from, stream, word.to] : [kind, from, stream]);
}

/** Undefined for what is none: anybody may publish on the subject who has permission. */
export function decodeTurnWord(text: string): TurnWord | undefined {
  const parts = parse(text);
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return undefined;
  const [kind, from, stream, to] = parts;
  if (from === undefined || stream === undefined) return undefined;
  if (kind === 'wants') return { kind, from, stream };
  return kind === 'next' && to !== undefined ? { kind, from, stream, to } : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
