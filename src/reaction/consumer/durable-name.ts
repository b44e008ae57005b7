const WORDS = { '.': '_', '*': '=any', '>': '=rest' };

/** What a handler's durable consumer is named after. */
export interface DurableNameParts {
  readonly service: string;
  /** What the handler listens to, such as the pattern of its decorator or an event type. */
  readonly label: string;
}

/** What the durable consumer of one of several handlers is named after. */
export interface QualifiedNameParts extends DurableNameParts {
  /** What tells the handler from others of the same label, such as a name, or its class and method. */
  readonly handler: string;
}

/**
 * The name of the durable consumer of the only handler of a label: the service's name and the label.
 * Different labels of a service give different names, and different services give different names for a
 * label. A `-` in either may make two pairs equal (`shop` and `mail-sent`, `shop-mail` and `sent`): whose a
 * consumer of that name is, its metadata says.
 */
export function durableName({ service, label }: DurableNameParts): string {
  return `${encode(service, /[\w-]/)}-${encode(label, /[A-Za-z0-9-]/, WORDS)}`;
}

/**
 * The name of the durable consumer of one of several handlers. Different parts give different names, none of
 * which is a {@link durableName}: the last `-` ends the service's name, and `==` ends the label.
 */
export function qualifiedDurableName({ service, label, handler }: QualifiedNameParts): string {
  return `${encode(service, /[\w-]/)}-${encodeWhole(label)}==${encodeWhole(handler)}`;
}

function encodeWhole(text: string): string {
  return encode(text, /[A-Za-z0-9]/, WORDS);
}

/** Characters that are not kept are replaced by a word, or by `=` and their code. */
function encode(text: string, kept: RegExp, words: Readonly<Record<string, string>> = {}): string {
  return Array.from(text, (character) =>
    kept.test(character) ? character : (words[character] ?? codeOf(character)),
  ).join('');
}

function codeOf(character: string): string {
  const bytes = Buffer.from(character);
  return Array.from(bytes, (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
