import type { JsonValue } from '../../event/json-value.js';
import { PROCESS_INPUT, type ProcessInputData } from '../../event/own-event-types.js';
import { causedBy } from '../../event/metadata-context.js';
import type { DomainEvent } from '../../event/plain-event-type.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { type StreamName, storedStream } from '../../event/stream-name.js';
import { CorruptStreamError } from '../../event/event-errors.js';
import type { EventStore } from '../../event-store/event-store.js';

/** The category of the streams of processes. */
export const PROCESS_CATEGORY = '$process';

/** A process as its last commit says. */
export interface LoadedProcess {
  /** Version of its stream; 0 for a process that has not begun. */
  readonly version: number;
  /** Id of the last commit; undefined for a process that has not begun. */
  readonly commitId: string | undefined;
  readonly state: JsonValue | undefined;
  readonly ended: boolean;
  /** Id of the event that was handled last. */
  readonly lastInput: string | undefined;
}

/** What is stored of an input. */
export interface ProcessStep {
  /** The process that it was decided on. */
  readonly on: LoadedProcess;
  readonly input: RecordedEvent;
  readonly outputs: readonly DomainEvent[];
  readonly state: JsonValue;
  readonly ended: boolean;
  readonly signal: AbortSignal;
}

/** The stream of one process. Each commit is an input: its outputs, then what the process is since then. */
export class ProcessLog {
  readonly #store: EventStore;
  readonly #stream: StreamName;

  constructor(store: EventStore, { manager, id }: { readonly manager: string; readonly id: string }) {
    this.#store = store;
    this.#stream = storedStream(PROCESS_CATEGORY, `${manager}/${id}`);
  }

  /** Reads the last commit, from the leader. */
  async load(signal: AbortSignal): Promise<LoadedProcess> {
    const options = { direction: 'backward', limit: 1, consistency: 'leader', signal } as const;
    for await (const event of this.#store.read(this.#stream, options)) return this.#loaded(event);
    return { version: 0, commitId: undefined, state: undefined, ended: false, lastInput: undefined };
  }

  /** Whether the input was handled in a commit that had been stored when the process was loaded. */
  async hasHandled(
    inputId: string,
    { version, lastInput }: LoadedProcess,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (version === 0) return false;
    if (lastInput === inputId) return true;
    const options = { upTo: version, signal };
    return (await this.#store.commitOfCommand(this.#stream, inputId, options)) !== undefined;
  }

  /**
   * Stores an input, unless it was handled by then.
   *
   * @throws {@link WrongExpectedVersionError} when another input was handled meanwhile.
   */
  async store({ on, input, outputs, state, ended, signal }: ProcessStep): Promise<void> {
    const { id, type, position } = input;
    const end = PROCESS_INPUT.create({ input: { id, type, position }, state, ended });
    await this.#store.append(this.#stream, [...outputs, end], {
      commandId: id,
      expect: on.version === 0 ? 'none' : on.version,
      lastCommitId: on.commitId,
      lookedUpTo: on.version,
      metadata: causedBy(input),
      signal,
    });
  }

  #loaded({ id, type, version, data, position }: RecordedEvent): LoadedProcess {
    if (type !== PROCESS_INPUT.name) {
      const reason = `its last event is of type ${type}, which ends no commit of a process`;
      throw new CorruptStreamError({ stream: this.#stream.toString(), position, reason });
    }
    const { state, ended, input } = data as ProcessInputData;
    return { version, commitId: id.slice(0, id.indexOf('/')), state, ended, lastInput: input.id };
  }
}
