declare const version: unique symbol;

/** The number of an event in its stream: 1, 2, 3… without a gap. 0 stands for a stream without events. */
export type Version = number & { readonly [version]: true };

/** Marks a number as a version; the caller vouches for it. */
export function asVersion(value: number): Version {
  return value as Version;
}
