/**
 * One model of a projection: what one version of it has built. A rebuild beside the model that readers see
 * makes the next build of the same version.
 */
export interface ModelId {
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection, 1 or more. */
  readonly version: number;
  /** Counts the builds of the version, from 1. A store that keeps one model for each version has only 1. */
  readonly build: number;
}

/** The first model of a version, and the only one in a store that keeps no models side by side. */
export const FIRST_BUILD = 1;

export function isSameModel(a: ModelId, b: ModelId): boolean {
  return a.projection === b.projection && a.version === b.version && a.build === b.build;
}
