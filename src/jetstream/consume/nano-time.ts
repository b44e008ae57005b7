const NS_PER_S = 1_000_000_000n;

/** A time as the server writes it, with nanoseconds: `2026-01-01T00:00:00.123456789Z`. */
export function toNanoTime(nanos: bigint): string {
  const seconds = new Date(Number(nanos / NS_PER_S) * 1_000).toISOString().slice(0, -'.000Z'.length);
  return `${seconds}.${String(nanos % NS_PER_S).padStart(9, '0')}Z`;
}

/** Nanoseconds since 1970 of a time that {@link toNanoTime} wrote; undefined for anything else. */
export function fromNanoTime(text: string): bigint | undefined {
  const [, seconds, fraction] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z$/.exec(text) ?? [];
  if (seconds === undefined || fraction === undefined) return undefined;
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction);
}
