import { covers } from '../../jetstream/names/subject-pattern.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/**
 * The filter of a handler's consumer: the subjects that the handler wants, or `filterSubject` where it is
 * given.
 *
 * @throws {@link InvalidOptionError} when `filterSubject` is not within those subjects.
 */
export function narrowFilter(subjects: string, filterSubject: string | undefined): string {
  if (filterSubject === undefined || covers(subjects, filterSubject)) return filterSubject ?? subjects;
  throw new InvalidOptionError({
    option: 'filterSubject',
    given: filterSubject,
    allowed: `a subject within ${subjects}, which a handler that it applies to listens to`,
  });
}
