import { eventStoreCases, conformanceEvents, InMemoryMessageLog, InMemoryStorage } from 'jetsource/testing';
import {
  type Deadline,
  EventRegistry,
  LogEventStore,
  type MessageLog,
  type OutgoingMessage,
  type PublishAnswer,
  type ReadPatience,
  type ReplayBatch,
  type ReplayOptions,
  type StoredMessage,
  type SubjectMessage,
  type SubjectNames,
} from 'jetsource/log';
import { describeConformance } from './conformance-run.js';

/** A log that somebody else might write, made with public names only: it counts what it is asked. */
class CountingLog implements MessageLog {
  readonly name = 'counting';
  readonly maxPayload = 1_048_576;
  readonly getsAtOnce = 1_000;
  calls = 0;
  readonly #log: InMemoryMessageLog;

  constructor(storage: InMemoryStorage) {
    this.#log = new InMemoryMessageLog({ storage });
  }

  get epoch(): number {
    return this.#log.epoch;
  }

  async publish(message: OutgoingMessage, deadline: Deadline, epoch: number): Promise<PublishAnswer> {
    this.calls += 1;
    return this.#log.publish(message, deadline, epoch);
  }

  async publishBatch(
    messages: readonly OutgoingMessage[],
    deadline: Deadline,
    epoch: number,
  ): Promise<PublishAnswer> {
    return this.#log.publishBatch(messages, deadline, epoch);
  }

  async last(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined> {
    return this.#log.last(subject, deadline);
  }

  async lastAtLeader(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined> {
    return this.#log.lastAtLeader(subject, deadline);
  }

  async bySequences(
    sequences: readonly number[],
    options: ReadPatience & { readonly time: boolean },
  ): Promise<(StoredMessage | undefined)[]> {
    return this.#log.bySequences(sequences, options);
  }

  async bySequenceAtLeader(sequence: number, deadline?: Deadline): Promise<SubjectMessage | undefined> {
    return this.#log.bySequenceAtLeader(sequence, deadline);
  }

  async nextAtLeader(
    subject: string,
    sequence: number,
    deadline?: Deadline,
  ): Promise<StoredMessage | undefined> {
    return this.#log.nextAtLeader(subject, sequence, deadline);
  }

  scan(subject: string, fromSequence: number, options?: ReadPatience): AsyncIterable<StoredMessage> {
    return this.#log.scan(subject, fromSequence, options);
  }

  replay(options: ReplayOptions): AsyncIterable<ReplayBatch> {
    return this.#log.replay(options);
  }

  async subjectNames(filter: string, offset: number, deadline: Deadline): Promise<SubjectNames> {
    return this.#log.subjectNames(filter, offset, deadline);
  }

  async lastSequence(deadline: Deadline): Promise<number> {
    return this.#log.lastSequence(deadline);
  }

  async delete(sequence: number, deadline: Deadline): Promise<void> {
    return this.#log.delete(sequence, deadline);
  }

  onPossibleLoss(listener: () => void): () => void {
    return this.#log.onPossibleLoss(listener);
  }

  async close(): Promise<void> {
    await this.#log.close();
  }
}

const storage = new InMemoryStorage();
const logs: CountingLog[] = [];

describeConformance('an event store on a log that somebody else wrote', {
  cases: eventStoreCases,
  open: async () => {
    const log = new CountingLog(storage);
    logs.push(log);
    const parts = { name: 'counting', identity: storage.identity };
    return new LogEventStore(log, { ...parts, registry: new EventRegistry(conformanceEvents) });
  },
});

describe('the log that somebody else wrote', () => {
  it('was used', () => {
    expect(logs.reduce((sum, { calls }) => sum + calls, 0)).toBeGreaterThan(100);
  });
});
