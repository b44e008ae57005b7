import { Inject } from '@nestjs/common';
import { projectionsToken } from './store-tokens.js';

/**
 * Injects the projections of the store of that alias; those of the one without an alias are injected by their
 * class, {@link Projections}.
 *
 * @example
 * constructor(\@InjectProjections('billing') private readonly projections: Projections) {}
 */
export function InjectProjections(alias?: string): ParameterDecorator & PropertyDecorator {
  return Inject(projectionsToken(alias));
}
