import type { StreamConfig } from '@nats-io/jetstream';
import { v4 as randomUuid } from 'uuid';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import type { HeaderValues, StoredMessage } from '../../log/message-log.js';
import { ApiCode } from '../api/api-codes.js';
import { describeFault } from '../api/api-fault.js';
import { ServerHeader } from '../api/server-headers.js';
import { NatsError } from '../connection/connection-errors.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { requireScheduleServer } from '../connection/server-floor.js';
import { Publisher, type ServerAnswer } from '../publish/publisher.js';
import { dropMessage } from '../streams/delete-message.js';
import { StreamBeside } from '../streams/stream-beside.js';

/**
 * Settings that schedules need. A server refuses schedules in a stream that discards new messages; without
 * limits, none are discarded. One message for each subject: a second schedule of a key takes the place of the
 * first.
 */
const REQUIRED = {
  retention: 'limits',
  discard: 'old',
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  max_msgs_per_subject: 1,
  allow_direct: true,
  allow_msg_schedules: true,
} as const satisfies Partial<StreamConfig>;
const PAUSE_MS = 50;

/** A message that is to be delivered at a time. */
export interface NewSchedule {
  /** One subject token. A schedule with the same key is replaced. */
  readonly key: string;
  /** At once where it has passed. */
  readonly at: Date;
  readonly payload: Uint8Array;
  /** Within the duplicate window, 2 minutes, the stream takes one message of an id. */
  readonly messageId: string;
  /** Whether an existing schedule of that key is replaced by this one; otherwise it stays. */
  readonly outdates: (existing: Uint8Array) => Promise<boolean>;
}

/**
 * The JetStream stream of what is to be delivered at a time, beside a log: `<stream>~timers`. A stream that
 * has schedules takes rollups, with which any publisher could empty it, so it is never the log itself.
 *
 * A schedule is a message at `<name>.at.<key>`. When its time has come, the server puts its body at
 * `<name>.due.<key>` and removes it. There is one mark besides, at `<name>.mark`.
 */
export class ScheduleStream {
  readonly #connection: JetStreamConnection;
  readonly #stream: StreamBeside;
  readonly #publisher: Publisher;

  /** @param logStream Name of the log's JetStream stream. */
  constructor(connection: JetStreamConnection, logStream: string) {
    this.#connection = connection;
    this.#stream = new StreamBeside(connection, {
      logStream,
      suffix: 'timers',
      content: 'timers',
      required: REQUIRED,
    });
    this.#publisher = new Publisher(connection);
  }

  get name(): string {
    return this.#stream.name;
  }

  /** What captures all that is due. */
  get dueSubjects(): string {
    return `${this.name}.due.*`;
  }

  /**
   * Makes sure that the stream is there.
   *
   * @throws {@link UnsupportedByServerError} when the server is too old.
   * @throws {@link JetStreamSettingsError} when it has settings under which timers would be lost.
   * @throws {@link NatsError} when the server refuses to create it, or does not answer in time.
   */
  async ensure(deadline: Deadline): Promise<void> {
    requireScheduleServer(this.#connection.serverVersion);
    await this.#stream.ensure(deadline);
  }

  /** Looks for the stream again before it is used next. */
  doubt(): void {
    this.#stream.doubt();
  }

  /**
   * Stores a schedule, unless there is one of its key that it does not outdate. May be repeated.
   *
   * @throws {@link NatsError} when it was not stored, or no answer came in time.
   */
  async put({ key, at, payload, messageId, outdates }: NewSchedule, deadline: Deadline): Promise<void> {
    // the server takes no time before 1970
    const time = new Date(Math.max(0, at.getTime())).toISOString();
    const headers = {
      [ServerHeader.messageId]: messageId,
      [ServerHeader.schedule]: `@at ${time}`,
      [ServerHeader.scheduleTarget]: `${this.name}.due.${key}`,
    };
    // most keys are new, so the first try looks at nothing
    for (let after = 0; ;) {
      const guard = { [ServerHeader.expectedLastSubjectSequence]: String(after) };
      const subject = `${this.name}.at.${key}`;
      const isStored = await this.#publish(subject, payload, { headers: { ...headers, ...guard }, deadline });
      if (isStored) return;
      const existing = await this.scheduled(key, deadline);
      if (existing !== undefined && !(await outdates(existing.data))) return;
      // another write to the subject may be in flight
      if ((existing?.sequence ?? 0) === after)
        await sleep(Math.min(PAUSE_MS, deadline.leftMs), deadline.signal);
      after = existing?.sequence ?? 0;
    }
  }

  /** The schedule of a key that waits for its time, from the leader. */
  async scheduled(key: string, deadline: Deadline): Promise<StoredMessage | undefined> {
    return this.#last(`${this.name}.at.${key}`, deadline);
  }

  /** What is due under a key and was not removed yet, from the leader. */
  async due(key: string, deadline: Deadline): Promise<StoredMessage | undefined> {
    return this.#last(`${this.name}.due.${key}`, deadline);
  }

  /** Removes a schedule, or what is due: references, whose bytes need not be erased. One that is gone is fine. */
  async remove(sequence: number, deadline: Deadline): Promise<void> {
    await dropMessage(this.#connection, { stream: this.name, sequence }, deadline);
  }

  /** What was marked last. It is lost with the stream, and with whatever of its end a server has lost. */
  async mark(deadline: Deadline): Promise<StoredMessage | undefined> {
    return this.#last(`${this.name}.mark`, deadline);
  }

  async putMark(payload: Uint8Array, deadline: Deadline): Promise<void> {
    const headers = { [ServerHeader.messageId]: randomUuid() };
    await this.#publish(`${this.name}.mark`, payload, { headers, deadline });
  }

  async #last(subject: string, deadline: Deadline): Promise<StoredMessage | undefined> {
    const found = await this.#connection.api.message(this.name, { last_by_subj: subject }, deadline);
    if (!found.ok && found.fault.err_code === ApiCode.streamNotFound) {
      this.#stream.doubt();
      await this.ensure(deadline);
      return undefined;
    }
    return findValue(found, ApiCode.messageNotFound, `reading from stream ${this.name}`);
  }

  /** False when the guard does not hold. */
  async #publish(
    subject: string,
    payload: Uint8Array,
    { headers, deadline }: { readonly headers: HeaderValues; readonly deadline: Deadline },
  ): Promise<boolean> {
    for (;;) {
      await this.ensure(deadline);
      const message = { subject, payload, headers };
      const answer = await this.#publisher.publish(message, deadline, { untilServed: false });
      const isUnserved = answer.kind === 'unanswered' && answer.sure && !deadline.passed;
      if (!isUnserved) return this.#judged(subject, answer, deadline);
      this.#stream.doubt();
      await sleep(Math.min(PAUSE_MS, deadline.leftMs), deadline.signal);
    }
  }

  #judged(subject: string, answer: ServerAnswer, deadline: Deadline): boolean {
    switch (answer.kind) {
      case 'stored':
      case 'duplicate':
        return true;
      case 'conflict':
        return false;
      case 'refused':
        throw new NatsError(`${subject}: the server refused it: ${describeFault(answer.fault)}`, {
          outcome: answer.resent ? 'unknown' : 'not-applied',
        });
      case 'unanswered':
      case 'stale':
        deadline.signal?.throwIfAborted();
        throw this.#connection.unanswered(subject, `no answer came within ${deadline.totalMs} ms`);
    }
  }
}
