declare const version: unique symbol;

/** Version of an event in its stream: 1, 2, 3… without gaps. 0 means a stream without events. */
export type Version = number & { readonly [version]: true };

/** Casts a number to a version without a check. */
export function asVersion(value: number): Version {
  return value as Version;
}
