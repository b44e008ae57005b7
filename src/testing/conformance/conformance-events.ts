import { Event, type EventClass } from '../../event/event-type.js';

@Event('ConformanceNoted')
export class Noted {
  constructor(readonly text: string) {}
}

@Event('ConformanceCounted')
export class Counted {
  constructor(readonly n: number) {}
}

/** The event classes that the conformance cases append. Pass them as event types of the store under test. */
export const conformanceEvents: readonly EventClass[] = [Noted, Counted];

/** `Counted` events with the numbers `from` to `to`, both included. */
export function counted(from: number, to = from): Counted[] {
  return Array.from({ length: to - from + 1 }, (_, index) => new Counted(from + index));
}
