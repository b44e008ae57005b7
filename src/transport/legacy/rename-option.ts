import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/**
 * Gives an option of the older transport its name of today.
 *
 * @throws {@link InvalidOptionError} when both names are given.
 */
export function renameOption<Given extends object, Old extends keyof Given & string>(
  options: Given,
  old: Old,
  today: Exclude<keyof Given & string, Old>,
): Omit<Given, Old> {
  const { [old]: value, ...others } = options;
  if (value === undefined) return others;
  if (options[today] === undefined) return { ...others, [today]: value };
  const allowed = `absent when ${today} is given: they are the same option`;
  throw new InvalidOptionError({ option: old, given: value, allowed });
}
