/**
 * Where a stream keeps messages that are to be delivered later: below its own name, so that it can capture no
 * other stream's.
 */
export function scheduleSubjects(stream: string): string {
  return `_schedule.${stream}.>`;
}

/** The subject of a message that is delivered again and again; a second one of a name takes its place. */
export function recurringSubject(stream: string, name: string): string {
  return scheduleSubject(stream, `every.${Buffer.from(name).toString('base64url')}`);
}

/** The subject of one such message. */
export function scheduleSubject(stream: string, id: string): string {
  return `_schedule.${stream}.${id}`;
}
