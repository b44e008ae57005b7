import { causedBy } from '../../event/metadata-context.js';
import type { JsonValue } from '../../event/json-value.js';
import { STEP, STEP_RESUME, STEP_SLEEP, type StepOrder } from '../../event/own-event-types.js';
import type { DomainEvent } from '../../event/plain-event-type.js';
import type { Position } from '../../event/position.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { type StreamName, storedStream } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';

/** The category of the streams of steps. */
export const STEPS_CATEGORY = '$steps';

/** A step that was stored. */
export interface StoredStep extends StepOrder {
  readonly name: string;
  /** Absent for undefined, and for a step that waits. */
  readonly result?: JsonValue;
  /** ISO 8601, for a step that waits. */
  readonly until?: string;
}

/** What is stored of one event in one reactor. */
export interface LoadedSteps {
  /** By name. */
  readonly steps: ReadonlyMap<string, StoredStep>;
  /** The last time whose coming is stored: sleeps until then are over, whatever the clock of this process says. */
  readonly resumedUntil: Date | undefined;
}

/** An event that is to come back to its handler. */
export interface ResumedEvent {
  /** Name of the reactor. */
  readonly reactor: string;
  readonly eventId: string;
  readonly position: Position;
  /** The time that it waited for, in ISO 8601. */
  readonly until: string;
}

/** Stores once that the time of an event has come: for the reactor of {@link resumeReactor}. */
export async function storeResume(
  store: EventStore,
  { reactor, eventId, position, until }: ResumedEvent,
): Promise<void> {
  const event = STEP_RESUME.create({ reactor, eventId, position, until });
  await store.append(stepStream(reactor, eventId), [event], { commandId: `resume/${until}` });
}

function stepStream(reactor: string, eventId: string): StreamName {
  return storedStream(STEPS_CATEGORY, `${reactor}/${eventId}`);
}

/** The stream of the steps of one event in one reactor. */
export class StepLog {
  readonly #store: EventStore;
  readonly #stream: StreamName;
  readonly #event: RecordedEvent;

  constructor(store: EventStore, reactor: string, event: RecordedEvent) {
    this.#store = store;
    this.#stream = stepStream(reactor, event.id);
    this.#event = event;
  }

  /** What is stored, as the leader knows it. */
  async load(signal: AbortSignal | undefined): Promise<LoadedSteps> {
    const steps = new Map<string, StoredStep>();
    let resumedUntil: Date | undefined;
    for await (const { type, data } of this.#store.read(this.#stream, { consistency: 'leader', signal })) {
      if (type === STEP_RESUME.name) {
        const until = new Date((data as ResumedEvent).until);
        if (resumedUntil === undefined || until > resumedUntil) resumedUntil = until;
      } else {
        const step = data as StoredStep;
        steps.set(step.name, step);
      }
    }
    return { steps, resumedUntil };
  }

  /** Stores a step that is done. @returns what is stored: another instance may have been first. */
  async done(step: StepOrder & { readonly name: string; readonly result?: JsonValue }): Promise<StoredStep> {
    return this.#storeOnce(step, STEP.create(step));
  }

  /** Stores a step that waits. @returns what is stored: another instance may have been first. */
  async sleeping(step: StepOrder & { readonly name: string; readonly until: string }): Promise<StoredStep> {
    return this.#storeOnce(step, STEP_SLEEP.create(step));
  }

  async #storeOnce(step: StoredStep, event: DomainEvent): Promise<StoredStep> {
    const options = { commandId: `step/${step.name}`, metadata: causedBy(this.#event) };
    const { committed } = await this.#store.append(this.#stream, [event], options);
    if (committed) return step;
    const { steps } = await this.load(undefined);
    return steps.get(step.name) ?? step;
  }
}
