import assert from 'node:assert/strict';
import type { EventDefinition } from '../../event/event-registry.js';
import type { EventWithMetadata } from '../../event/event-with-metadata.js';
import type { EventsOf } from '../../event/new-event.js';
import { asStreamName, type StreamLike, type StreamName, streamName } from '../../event/stream-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import type { ProcessManager } from '../../reaction/process/process-manager.js';
import type { ProcessOutput, ProcessTimerTime } from '../../reaction/process/process-output.js';
import type { ProcessReaction } from '../../reaction/process/react-to.js';
import { type ExpectedError, isExpectedError } from '../expected-error.js';
import { type GivenInput, recordedInputs } from './given-inputs.js';
import { type IgnoredInput, ProcessRun } from './process-run.js';

const EXPECTED = ['sends', 'publishes', 'schedules', 'cancels', 'ends', 'state'];

/** What one event leads to. What is absent is expected not to happen; an absent state is not compared. */
export interface ExpectedOutcome<State> {
  /** Commands that are sent, in order, as `process.send` got them. @default none */
  readonly sends?: readonly object[] | undefined;
  /** Events that are published, in order. @default none */
  readonly publishes?: readonly object[] | undefined;
  /** Timers that are set, in order, with the time as it was given. @default none */
  readonly schedules?:
    readonly (ProcessTimerTime & { readonly id: string; readonly command: object })[] | undefined;
  /** Ids of timers that are cancelled, in order. @default none */
  readonly cancels?: readonly string[] | undefined;
  /** Whether the process ends. @default false */
  readonly ends?: boolean | undefined;
  /** The state after the event. @default any */
  readonly state?: State | undefined;
}

/**
 * Given/when/then tests for a process manager: given these events, when this one happens, then these commands are
 * sent. It needs no store and works with any test runner. Events are encoded and decoded, so that they are what a
 * store would return. A failed expectation rejects with an `AssertionError`, so each one must be awaited or
 * returned.
 *
 * @example
 * await processSpecification(fulfilment)
 *   .given(new OrderPlaced('42'))
 *   .when(new OrderPaid('42'))
 *   .thenOutcome({ sends: [{ name: 'Ship', data: { order: '42' } }], cancels: ['unpaid'] });
 */
export function processSpecification<State, Definition extends EventDefinition>(
  manager: ProcessManager<State, Definition>,
): ProcessSpecification<State, EventsOf<Definition>> {
  const untyped = manager as ProcessManager;
  return new ProcessSpecification({ manager: untyped, given: [], stream: streamName('any', '1') });
}

interface Beginning {
  readonly manager: ProcessManager;
  readonly given: readonly GivenInput[];
  /** Where the next events were stored. */
  readonly stream: StreamName;
  /** When the next event was stored, in milliseconds since 1970. */
  readonly time?: number | undefined;
}

/**
 * The specification of one process manager, made by {@link processSpecification}. It is not changed by its methods,
 * so that cases can share a beginning.
 */
export class ProcessSpecification<State, Event extends object> {
  readonly #beginning: Beginning;

  /** @internal */
  constructor(beginning: Beginning) {
    this.#beginning = beginning;
  }

  /**
   * Names the stream of the events that follow, for a `correlate` that reads it. @default any/1
   *
   * @throws {@link InvalidStreamNameError} when no stream can have that name.
   */
  on(stream: StreamLike): ProcessSpecification<State, Event> {
    return new ProcessSpecification({ ...this.#beginning, stream: asStreamName(stream) });
  }

  /**
   * Says when the next event was stored; those after it follow by a second each. @default from 2000-01-01 on
   *
   * @throws {@link InvalidOptionError} when it is no date.
   */
  at(time: Date): ProcessSpecification<State, Event> {
    if (!((time as unknown) instanceof Date) || Number.isNaN(time.getTime()))
      throw new InvalidOptionError({ option: 'time', given: time, allowed: 'a valid Date' });
    return new ProcessSpecification({ ...this.#beginning, time: time.getTime() });
  }

  /** Adds events that have happened, in order. They may belong to several processes. */
  given(...events: readonly (Event | EventWithMetadata<Event>)[]): ProcessSpecification<State, Event> {
    const { given, stream, time } = this.#beginning;
    const added = events.map((event, index) => ({ event, stream, time: index === 0 ? time : undefined }));
    const isTimeUsed = events.length > 0;
    return new ProcessSpecification({
      ...this.#beginning,
      given: [...given, ...added],
      time: isTimeUsed ? undefined : time,
    });
  }

  /** Sets the event that is looked at. */
  when(event: Event | EventWithMetadata<Event>): ProcessExpectations<State> {
    const { manager, given, stream, time } = this.#beginning;
    return new ProcessExpectations(manager, [...given, { event, stream, time }]);
  }
}

type Outcome = { readonly reaction: ProcessReaction | IgnoredInput } | { readonly refusal: unknown };

/** Expectations on what an event leads to. Each one runs all events again. */
export class ProcessExpectations<State> {
  readonly #manager: ProcessManager;
  readonly #inputs: readonly GivenInput[];

  /** @internal */
  constructor(manager: ProcessManager, inputs: readonly GivenInput[]) {
    this.#manager = manager;
    this.#inputs = inputs;
  }

  /**
   * Expects exactly this.
   *
   * @throws AssertionError with the difference otherwise, and when the event is ignored or `react` throws.
   */
  async thenOutcome(expected: ExpectedOutcome<State>): Promise<void> {
    checkKnownOptions(expected, EXPECTED);
    const { sends = [], publishes = [], schedules = [], cancels = [], ends = false, state } = expected;
    const { outputs, ended, state: actual } = await this.#reaction();
    const found = { ...outputsByKind(outputs), ends: ended };
    const wanted = {
      sends: [...sends],
      publishes: [...publishes],
      schedules: [...schedules],
      cancels: [...cancels],
    };
    assert.deepEqual(
      state === undefined ? found : { ...found, state: actual },
      state === undefined ? { ...wanted, ends } : { ...wanted, ends, state },
    );
  }

  /**
   * Expects no outputs and no end. The state may change.
   *
   * @throws AssertionError otherwise.
   */
  async thenNothing(): Promise<void> {
    await this.thenOutcome({});
  }

  /**
   * Expects the event to belong to no process, or to one that has ended.
   *
   * @throws AssertionError otherwise.
   */
  async thenIgnored(): Promise<void> {
    const outcome = await this.#run();
    if ('refusal' in outcome) throw refused(outcome.refusal);
    if ('ignored' in outcome.reaction) return;
    throw new assert.AssertionError({
      message: 'expected the event to be ignored, but its process has handled it',
      actual: outcome.reaction,
      operator: 'thenIgnored',
    });
  }

  /**
   * Checks the state after the event.
   *
   * @param check Asserts on the state, or returns `false` if it is wrong.
   * @throws AssertionError when the event was ignored or refused, or `check` returned `false`; also what `check`
   *   throws.
   */
  async thenState(check: (state: State) => unknown): Promise<void> {
    const { state } = await this.#reaction();
    if ((await check(state as State)) !== false) return;
    throw new assert.AssertionError({
      message: 'the check of the state returned false',
      actual: state,
      operator: 'thenState',
    });
  }

  /**
   * Expects `react` or `correlate` to throw.
   *
   * @param expected Class of the error, part of its message, pattern for it, or predicate. @default any error
   * @throws AssertionError when there is no error, or another one.
   */
  async thenError(expected?: ExpectedError): Promise<void> {
    const outcome = await this.#run();
    if (!('refusal' in outcome)) {
      const message = 'expected an error, but the event was handled';
      throw new assert.AssertionError({ message, actual: outcome.reaction, operator: 'thenError' });
    }
    if (expected === undefined || isExpectedError(outcome.refusal, expected)) return;
    throw new assert.AssertionError({
      message: 'failed with another error than expected',
      actual: outcome.refusal,
      expected,
      operator: 'thenError',
    });
  }

  async #reaction(): Promise<ProcessReaction> {
    const outcome = await this.#run();
    if ('refusal' in outcome) throw refused(outcome.refusal);
    const { reaction } = outcome;
    if ('ignored' in reaction) assert.fail(`the event is ignored: ${reaction.ignored}`);
    return reaction;
  }

  /** Errors at the events that were given are thrown. */
  async #run(): Promise<Outcome> {
    const run = new ProcessRun(this.#manager);
    const events = recordedInputs(this.#inputs, this.#manager.events);
    for (const event of events.slice(0, -1)) await run.handle(event);
    const last = events.at(-1);
    if (last === undefined) assert.fail('an upcast makes nothing of the event');
    try {
      return { reaction: await run.handle(last) };
    } catch (refusal) {
      return { refusal };
    }
  }
}

function outputsByKind(
  outputs: readonly ProcessOutput[],
): Required<Omit<ExpectedOutcome<unknown>, 'ends' | 'state'>> {
  const of = <Kind extends ProcessOutput['kind']>(kind: Kind) =>
    outputs.filter((output): output is Extract<ProcessOutput, { kind: Kind }> => output.kind === kind);
  return {
    sends: of('send').map(({ command }) => command),
    publishes: of('publish').map(({ event }) => event),
    schedules: of('schedule').map(({ id, command, time }) => ({ id, command, ...time })),
    cancels: of('cancel').map(({ id }) => id),
  };
}

function refused(refusal: unknown): Error {
  const error = new assert.AssertionError({
    message: `failed with ${String(refusal)}`,
    actual: refusal,
    operator: 'processSpecification',
  });
  return Object.assign(error, { cause: refusal });
}
