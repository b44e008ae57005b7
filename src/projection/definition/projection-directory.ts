import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkOptionsObject } from '../checked-options.js';
import { UnknownProjectionError } from '../projection-errors.js';
import { isDefinition } from './check-definitions.js';
import { describeProjection, type ProjectionId, type ProjectionRef } from './projection-id.js';

interface Entry<T> {
  readonly id: ProjectionId;
  readonly value: T;
}

/** What belongs to projections, found by name and version. */
export class ProjectionDirectory<T> {
  readonly #entries: Entry<T>[] = [];

  /** In the order in which they were added. */
  get values(): T[] {
    return this.#entries.map(({ value }) => value);
  }

  /** @throws {@link InvalidOptionError} when that version of that name is there already. */
  add(id: ProjectionId, value: T): void {
    if (this.#entries.some((entry) => entry.id.name === id.name && entry.id.version === id.version)) {
      const allowed = 'a list in which each name and version comes once';
      throw new InvalidOptionError({ option: 'projections', given: describeProjection(id), allowed });
    }
    this.#entries.push({ id, value });
  }

  /**
   * A name alone finds its newest version.
   *
   * @throws {@link UnknownProjectionError} with the list of what there is; {@link InvalidOptionError} when
   * `ref` is neither a name nor a name and a version.
   */
  find(ref: ProjectionRef): T {
    const { name, version } = typeof ref === 'string' ? { name: ref } : checkedId(ref);
    const [newest] = this.#entries
      .filter(({ id }) => id.name === name && (version === undefined || id.version === version))
      .toSorted((a, b) => b.id.version - a.id.version);
    if (newest !== undefined) return newest.value;
    const known = this.#entries.map(({ id }) => describeProjection(id));
    throw new UnknownProjectionError({ projection: name, version, known });
  }
}

/** Callers without types may leave the version out: that is the newest one as well. */
function checkedId(ref: ProjectionId): { readonly name: string; readonly version?: number | undefined } {
  if (!isDefinition(ref))
    checkOptionsObject(ref, { object: 'projection', prefix: 'projection.', known: ['name', 'version'] });
  if (typeof ref.name === 'string') return ref;
  throw new InvalidOptionError({
    option: 'projection.name',
    given: ref.name,
    allowed: 'the name of a projection',
  });
}
