import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/**
 * The longest line that a server takes (`max_control_line`), in bytes; it cuts the connection on a longer
 * one.
 */
const LONGEST_LINE = 4_096;
/** What a line holds beside subjects: the verb, two sizes or a number, and spaces. */
const REST_OF_LINE = 48;
/** Room for the subject of an answer, below an inbox prefix of its own. */
const REPLY_ROOM = 248;

/** The longest subject that can be published to with an answer, in bytes. */
export const LONGEST_SUBJECT = LONGEST_LINE - REST_OF_LINE - REPLY_ROOM;

/** Whether a server takes a line with these subjects; what stands beside the subject may be absent. */
export function fitsInLine(subject: string, beside = ''): boolean {
  const limit = LONGEST_LINE - REST_OF_LINE;
  // a character has at most three bytes for each unit of its text
  if ((subject.length + beside.length) * 3 <= limit) return true;
  return Buffer.byteLength(subject) + Buffer.byteLength(beside) <= limit;
}

/**
 * Refuses subjects that would cost the connection.
 *
 * @param beside The subject of the answer, or the queue group. @default none
 * @throws {@link InvalidOptionError} when a line with them is longer than servers take.
 */
export function requireFit(subject: string, beside = ''): void {
  if (fitsInLine(subject, beside)) return;
  throw new InvalidOptionError({
    option: 'subject',
    given: subject,
    allowed: `at most ${LONGEST_SUBJECT} bytes: a server cuts the connection on a line above ${LONGEST_LINE} bytes`,
  });
}
