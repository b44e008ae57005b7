import type { EventDefinition } from '../../event/event-registry.js';
import type {
  LiveProjectionClassOptions,
  ProjectionClassOptions,
  RowProjectionClassOptions,
} from './projection-class-options.js';

/** What a class decorator has written down. */
export type ProjectionClassMetadata =
  | { readonly style: 'statements'; readonly options: ProjectionClassOptions }
  | { readonly style: 'rows'; readonly options: RowProjectionClassOptions }
  | { readonly style: 'live'; readonly options: LiveProjectionClassOptions };

/** A method with {@link On}. */
export interface OnMethod {
  readonly method: string | symbol;
  readonly events: readonly EventDefinition[];
}

// symbols that two installed copies of the package agree on, and that no library for metadata has to be loaded for
const PROJECTION = Symbol.for('jetsource.projection-class');
const ON = Symbol.for('jetsource.projection-on');

export function setProjectionMetadata(target: object, metadata: ProjectionClassMetadata): void {
  Object.defineProperty(target, PROJECTION, { value: metadata });
}

/** Undefined for a class that is not decorated itself: a subclass does not inherit it. */
export function projectionMetadataOf(type: object): ProjectionClassMetadata | undefined {
  if (!Object.hasOwn(type, PROJECTION)) return undefined;
  return (type as Readonly<Record<symbol, ProjectionClassMetadata>>)[PROJECTION];
}

export function addOnMethod(prototype: object, added: OnMethod): void {
  Object.defineProperty(prototype, ON, { value: [...ownOnMethods(prototype), added], configurable: true });
}

/**
 * The methods with {@link On} of a class and its base classes, those of the base first. A method that is
 * decorated again in a subclass handles what is said there.
 */
export function onMethodsOf(prototype: unknown): OnMethod[] {
  if (typeof prototype !== 'object' || prototype === null) return [];
  const own = ownOnMethods(prototype);
  const again = new Set(own.map(({ method }) => method));
  const inherited = onMethodsOf(Object.getPrototypeOf(prototype));
  return [...inherited.filter(({ method }) => !again.has(method)), ...own];
}

function ownOnMethods(prototype: object): readonly OnMethod[] {
  if (!Object.hasOwn(prototype, ON)) return [];
  return (prototype as Readonly<Record<symbol, readonly OnMethod[]>>)[ON] ?? [];
}
