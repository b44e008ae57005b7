/** Which projection: its name and its version. */
export interface ProjectionId {
  /** Name of the projection. */
  readonly name: string;
  /** Version of the projection, 1 or more. */
  readonly version: number;
}

/**
 * How callers say which projection they mean: by its name (the newest version registered here), by name and
 * version, or by its definition.
 *
 * @example
 * await projections.waitFor('order-summary', position);
 * await projections.waitFor({ name: 'order-summary', version: 1 }, position);
 */
export type ProjectionRef = string | ProjectionId;

/** A projection as error messages show it, such as `order-summary (version 2)`. */
export function describeProjection({ name, version }: ProjectionId): string {
  return `${name} (version ${version})`;
}
