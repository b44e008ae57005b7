import type { ProjectionId } from '../definition/projection-id.js';

/** A projection as processes share its lanes. */
export interface ProjectionWork extends ProjectionId {
  /** The number of its lanes. */
  readonly lanes: number;
}

/** Names a projection among all works whose lanes processes share. */
export function workName({ name, version, lanes }: ProjectionWork): string {
  return `projection.${name}.${version}.${lanes}`;
}

/** Reads what {@link workName} wrote; undefined for another work. */
export function parseWorkName(work: string): ProjectionWork | undefined {
  const [, name, version, lanes] = /^projection\.([\w-]+)\.(\d+)\.(\d+)$/.exec(work) ?? [];
  return name === undefined ? undefined : { name, version: Number(version), lanes: Number(lanes) };
}
