import type { ProjectionClassMetadata } from './projection-class-metadata.js';
import { ProjectionClassError } from './projection-class-errors.js';

/** A provider with {@link Projection} or {@link LiveProjection}. */
export interface FoundProjection {
  /** Name of the class. */
  readonly className: string;
  /** Name of the module that provides it. */
  readonly moduleName: string;
  readonly metadata: ProjectionClassMetadata;
  readonly instance: object;
}

export function refuse(
  { className }: Pick<FoundProjection, 'className'>,
  reason: string,
  cause?: unknown,
): ProjectionClassError {
  return new ProjectionClassError({ className, reason }, { cause });
}
