import { Event, type EventClass } from '../../event/event-type.js';

@Event('ConformanceNoted')
export class Noted {
  constructor(readonly text: string) {}
}

@Event('ConformanceCounted')
export class Counted {
  constructor(readonly n: number) {}
}

/** The event classes that a store has to know for the conformance cases. */
export const conformanceEvents: readonly EventClass[] = [Noted, Counted];

/** `Counted` events from one number to another, both included. */
export function counted(from: number, to = from): Counted[] {
  return Array.from({ length: to - from + 1 }, (_, index) => new Counted(from + index));
}
