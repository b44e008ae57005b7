import type { JsonValue } from '../../event/json-value.js';
import { copyPlainJson, PlainJsonFault } from '../../event/plain-json.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { EventStore } from '../../event-store/event-store.js';
import { durationOption } from '../../kernel/duration.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { sleep } from '../../kernel/sleep.js';
import { UnrecoverableError } from '../unrecoverable-error.js';
import type { Resume } from './resume.js';
import { StepCalls } from './step-calls.js';
import { StepMismatchError, StepsUnavailableError } from './step-errors.js';
import { type LoadedSteps, type StoredStep, StepLog } from './step-log.js';
import type { Steps } from './steps.js';
import { Suspension } from './suspension.js';

/** What is waited in place where an event can be brought back. */
const SHORT_SLEEP_MS = 5_000;
/** What can be waited where it cannot: less than the default of `timeoutMs`. */
const LONGEST_SLEEP_MS = 20_000;
const MOST_CHARACTERS = 190;

/** The handling of one event that has steps. */
export interface StepScope {
  /** The reactor, by its service and its name. */
  readonly reactor: string;
  readonly event: RecordedEvent;
  /** No step begins when it has aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Brings the event back after long sleeps. @default none: long sleeps are refused */
  readonly resume?: Resume | undefined;
}

/** The steps of one attempt at an event. */
export class DurableSteps implements Steps {
  readonly #scope: StepScope;
  readonly #log: StepLog;
  readonly #calls = new StepCalls();
  readonly #suspension = new Suspension();
  #stored: Promise<LoadedSteps> | undefined;
  #mismatch: StepMismatchError | undefined;
  #isOver = false;

  constructor(store: EventStore, scope: StepScope) {
    this.#scope = scope;
    this.#log = new StepLog(store, scope.reactor, scope.event);
  }

  async run<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const order = this.#call(name);
    return this.#suspension.during(async () => {
      const stored = await this.#checked(name, 'run');
      const step =
        stored ?? (await this.#log.done({ name, ...order, ...(await this.#resultOf(name, work)) }));
      this.#calls.finish(name);
      return structuredClone(step.result) as T;
    });
  }

  async sleep(name: string, time: number | string): Promise<void> {
    const ms = durationOption('time', time);
    if (this.#scope.resume === undefined && ms > LONGEST_SLEEP_MS) {
      const allowed = `at most ${LONGEST_SLEEP_MS} ms, since there are no timers that could bring the event back`;
      throw new InvalidOptionError({ option: 'time', given: time, allowed });
    }
    const order = this.#call(name);
    const until = await this.#suspension.during(async () => {
      const stored = await this.#checked(name, 'sleep');
      const newUntil = new Date(Date.now() + ms).toISOString();
      const step = stored ?? (await this.#log.sleeping({ name, ...order, until: newUntil }));
      return new Date(step.until ?? newUntil);
    });
    const left = (await this.#isResumed(until)) ? 0 : until.getTime() - Date.now();
    if (this.#scope.resume !== undefined && left > SHORT_SLEEP_MS) return this.#suspension.suspend(until);
    if (left > 0) await sleep(left, this.#scope.signal);
    this.#calls.finish(name);
  }

  /**
   * Runs the handler until it ends, or waits for long: then the event will be brought back.
   *
   * @throws {@link StepMismatchError} when it has ended without a step that is stored; what the handler throws.
   */
  async around<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      const end = await this.#suspension.orEnd(async () => work());
      if (end === 'suspended') {
        const { event, reactor, resume } = this.#scope;
        await resume?.resumeAt(event, await this.#suspension.until(), reactor);
        return undefined;
      }
      await this.#checkAll();
      return end.value;
    } catch (error) {
      // the handler may have caught it, and failed of something else
      throw this.#mismatch ?? error;
    } finally {
      this.#isOver = true;
    }
  }

  #call(name: string): ReturnType<StepCalls['add']> {
    if (this.#isOver) throw new StepsUnavailableError();
    if (typeof name !== 'string' || name.length === 0 || name.length > MOST_CHARACTERS)
      throw invalidName(name, `a text of 1 to ${MOST_CHARACTERS} characters`);
    if (this.#calls.has(name))
      throw invalidName(name, 'a name that the handler has not used yet, such as item-1');
    return this.#calls.add(name);
  }

  /** The step as it is stored, once it is sure that the code may call it now. */
  async #checked(name: string, kind: 'run' | 'sleep'): Promise<StoredStep | undefined> {
    const { signal } = this.#scope;
    const { steps } = await this.#load();
    const missing = await this.#calls.missingBefore(name, steps, signal);
    if (missing.length > 0) throw this.#misfit(name, missing);
    const step = steps.get(name);
    if (step !== undefined && (step.until === undefined) !== (kind === 'run'))
      throw this.#misfit(name, [`${step.until === undefined ? 'run' : 'sleep'} ${name}`]);
    signal?.throwIfAborted();
    return step;
  }

  async #load(): Promise<LoadedSteps> {
    this.#stored ??= this.#log.load(this.#scope.signal);
    return this.#stored;
  }

  /** Whether a timer has said that the time has come: its clock and that of this process may differ. */
  async #isResumed(until: Date): Promise<boolean> {
    const { resumedUntil } = await this.#load();
    return resumedUntil !== undefined && resumedUntil >= until;
  }

  async #resultOf(name: string, work: () => unknown): Promise<{ readonly result?: JsonValue }> {
    const result = await work();
    if (result === undefined) return {};
    try {
      return { result: copyPlainJson(result, { root: `the result of step ${name}` }) };
    } catch (cause) {
      if (!(cause instanceof PlainJsonFault)) throw cause;
      // another attempt would do again what the step has done
      throw new UnrecoverableError(`${cause.message}; the step has run, and its result is not stored`, {
        cause,
      });
    }
  }

  /** When the handler has succeeded. One that has called no steps is not asked. */
  async #checkAll(): Promise<void> {
    if (this.#mismatch !== undefined) throw this.#mismatch;
    if (this.#stored === undefined) return;
    const missing = this.#calls.uncalled((await this.#load()).steps).map(({ name }) => name);
    if (missing.length > 0) throw this.#misfit(undefined, missing);
  }

  #misfit(called: string | undefined, missing: readonly string[]): StepMismatchError {
    const { reactor, event } = this.#scope;
    this.#mismatch ??= new StepMismatchError({ reactor, eventId: event.id, called, missing });
    return this.#mismatch;
  }
}

function invalidName(given: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError({ option: 'name', given, allowed });
}
