/** Whether an event type is one of jetsource's own: their names start with `$`. */
export function isOwnEventName(name: string): boolean {
  return name.startsWith('$');
}
