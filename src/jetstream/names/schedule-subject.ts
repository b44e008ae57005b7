/**
 * Where a stream keeps messages that are to be delivered later: below its own name, so that it can capture no
 * other stream's.
 */
export function scheduleSubjects(stream: string): string {
  return `_schedule.${stream}.>`;
}

/** The subject of one such message. */
export function scheduleSubject(stream: string, id: string): string {
  return `_schedule.${stream}.${id}`;
}
