import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

const CATEGORY = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const ANY_CATEGORY = /^[$A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Checks the categories of a read of the store: jetsource's own (`$…`) may be named. */
export function checkCategories(given: unknown): void {
  if (given === undefined) return;
  // an empty one would be taken for all by one reader, and for none by the next
  if (!Array.isArray(given) || given.length === 0) {
    const allowed = 'a list of at least one category, or absent for all';
    throw new InvalidOptionError({ option: 'categories', given, allowed });
  }
  for (const category of given) {
    if (typeof category === 'string' && ANY_CATEGORY.test(category)) continue;
    throw new InvalidOptionError({ option: 'categories', given: category, allowed: 'names of categories' });
  }
}

/** Checks a category of the user's: jetsource's own (`$…`) are refused. */
export function checkCategory(given: unknown): void {
  if (typeof given === 'string' && CATEGORY.test(given)) return;
  throw new InvalidOptionError({
    option: 'category',
    given,
    allowed: 'a letter, then letters, digits, _ or -, 64 characters at most',
  });
}
