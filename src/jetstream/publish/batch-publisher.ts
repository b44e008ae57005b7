import type { StreamInfo } from '@nats-io/jetstream';
import type { OutgoingMessage } from '../../log/message-log.js';
import { sizeOf } from '../../log/message-size.js';
import type { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { ApiCode } from '../api/api-codes.js';
import { type ApiFault, describeFault } from '../api/api-fault.js';
import { ServerHeader } from '../api/server-headers.js';
import { UnsupportedByServerError } from '../connection/connection-errors.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { isAtLeast } from '../connection/server-floor.js';
import { covers } from '../names/subject-pattern.js';
import { capturingStreams } from '../streams/capturing-streams.js';
import { findStream } from '../streams/find-stream.js';
import { isStoreStream } from '../streams/store-stream.js';
import { JetStreamNotFoundError } from '../streams/stream-errors.js';
import { guardHeaders } from './guard-headers.js';
import {
  ExpectationFailedError,
  PayloadTooLargeError,
  PublishOutcomeUnknownError,
  PublishRefusedError,
} from './publish-errors.js';
import type { PublishRequest } from './publish-request.js';
import { Publisher, type ServerAnswer } from './publisher.js';

/** Since when a server stores a batch whole; an older one stores its messages one by one. */
const FLOOR = '2.12.1';
/** What a server takes in one batch. */
const MOST_MESSAGES = 1_000;

/** What the stream says to a batch: all of it is stored. */
export interface BatchAck {
  /** The JetStream stream that stored it. */
  readonly stream: string;
  /** Sequence of the last message; those before it have the sequences right before. */
  readonly seq: number;
  /** How many messages it has. */
  readonly count: number;
}

/** Stores several messages in one stream, all or none. */
export class BatchPublisher {
  readonly #connection: JetStreamConnection;
  readonly #publisher: Publisher;

  constructor(connection: JetStreamConnection) {
    this.#connection = connection;
    this.#publisher = new Publisher(connection);
  }

  /**
   * @throws {@link InvalidOptionError} when there are none, or more than 1,000; or when the stream does not
   *   allow batches.
   * @throws {@link UnsupportedByServerError} when the server is older than 2.12.1.
   * @throws {@link JetStreamNotFoundError} when no stream captures all of them.
   * @throws {@link ExpectationFailedError} when an expectation does not hold.
   * @throws {@link PublishRefusedError} when the stream refuses them, or knows the message id of one.
   * @throws {@link PublishOutcomeUnknownError} when the deadline passes without an answer.
   * @throws {@link PayloadTooLargeError} when the server does not take messages of that size.
   */
  async publish(requests: readonly PublishRequest[], deadline: Deadline): Promise<BatchAck> {
    const [first] = requests;
    if (first === undefined || requests.length > MOST_MESSAGES) {
      const allowed = `at least 1 and at most ${MOST_MESSAGES}, which a server takes in one batch`;
      throw new InvalidOptionError({ option: 'events', given: requests.length, allowed });
    }
    const messages = requests.map((request) => this.#toMessage(request));
    const { config, state } = await this.#streamOf(first, requests, deadline);
    const answer = await this.#publisher.publishBatch(messages, deadline, { untilServed: false });
    const ack = { stream: config.name, count: requests.length };
    if (answer.kind === 'stored') return { ...ack, seq: answer.sequence };
    const own = mayBeOwn(answer)
      ? await this.#findOwn(first, { stream: config.name, after: state.last_seq }, deadline)
      : undefined;
    if (own !== undefined) return { ...ack, seq: own + requests.length - 1 };
    throw failure(answer, first, deadline);
  }

  #toMessage(request: PublishRequest): OutgoingMessage {
    refuseUnbatchable(request);
    const { subject, payload, headers } = request;
    const ttl = request.ttlMs === undefined ? undefined : `${Math.ceil(request.ttlMs / 1_000)}s`;
    const message = {
      subject,
      payload,
      headers: {
        ...headers,
        ...guardHeaders(request),
        ...(ttl !== undefined && { [ServerHeader.ttl]: ttl }),
      },
    };
    const size = sizeOf(message);
    const limit = this.#connection.maxPayload;
    if (size > limit) throw new PayloadTooLargeError({ stream: subject, size, limit });
    return message;
  }

  /** A server that knows no batches, and a stream that allows none, would store the messages one by one. */
  async #streamOf(
    { subject }: PublishRequest,
    requests: readonly PublishRequest[],
    deadline: Deadline,
  ): Promise<StreamInfo> {
    const { serverVersion } = this.#connection;
    if (!isAtLeast(serverVersion, FLOOR)) {
      const found = `nats-server ${serverVersion}`;
      throw new UnsupportedByServerError({ capability: 'emitBatch', floor: FLOOR, found });
    }
    const name = (await capturingStreams(this.#connection, subject, deadline))?.[0];
    const stream = name === undefined ? undefined : await findStream(this.#connection, name, deadline);
    if (stream === undefined) throw uncaptured(subject, 'no stream is seen to capture it');
    const { config } = stream;
    const other = requests.find((each) => !config.subjects.some((wide) => covers(wide, each.subject)));
    if (other !== undefined)
      throw uncaptured(
        other.subject,
        `stream ${config.name} stores the first event, and does not capture it`,
      );
    refuseSettings(stream);
    return stream;
  }

  /** The sequence of the first message, if an earlier send of the batch has been stored. */
  async #findOwn(
    { subject, messageId }: PublishRequest,
    { stream, after }: { readonly stream: string; readonly after: number },
    deadline: Deadline,
  ): Promise<number | undefined> {
    for (let seq = after + 1; !deadline.passed;) {
      const found = await this.#connection.api.message(stream, { seq, next_by_subj: subject }, deadline);
      const doing = `looking for ${messageId} in stream ${stream}`;
      const message = findValue(found, ApiCode.messageNotFound, doing);
      if (message === undefined) return undefined;
      if (message.headers.get(ServerHeader.messageId) === messageId) return message.sequence;
      seq = message.sequence + 1;
    }
    return undefined;
  }
}

/** The refusal of a batch that was sent again may be the trace of its own first send. */
function mayBeOwn(answer: ServerAnswer): boolean {
  if (answer.kind === 'conflict' || answer.kind === 'refused') return answer.resent;
  return answer.kind === 'duplicate';
}

function refuseUnbatchable({ expect, at, schedule }: PublishRequest): void {
  const refuse = (option: string, given: unknown): never => {
    throw new InvalidOptionError({ option, given, allowed: 'absent in a batch' });
  };
  if (at !== undefined) refuse('deliverAt', at);
  if (schedule !== undefined) refuse('schedule', schedule);
  if (expect.lastMsgID !== undefined) refuse('expect.lastMsgID', expect.lastMsgID);
}

function refuseSettings({ config }: StreamInfo): void {
  const allowed = isStoreStream(config)
    ? `absent: stream ${config.name} holds an event store, which is written by appends only`
    : `true for emitBatch into stream ${config.name}: set it in its streamConfig`;
  if (isStoreStream(config) || config.allow_atomic !== true)
    throw new InvalidOptionError({
      option: 'streamConfig.allow_atomic',
      given: config.allow_atomic,
      allowed,
    });
}

function uncaptured(pattern: string, reason: string): JetStreamNotFoundError {
  return new JetStreamNotFoundError({ pattern, reason: `${reason}, so none of the batch was stored` });
}

/** Nothing was stored, or nobody knows. */
function failure(
  answer: Exclude<ServerAnswer, { readonly kind: 'stored' }>,
  { subject, messageId }: PublishRequest,
  deadline: Deadline,
): Error {
  switch (answer.kind) {
    case 'duplicate':
      return new PublishRefusedError({
        subject,
        reason: 'the stream knows the message id of an event of the batch already, so it took none of them',
      });
    case 'conflict':
      return new ExpectationFailedError({ subject, reason: described(answer.fault) });
    case 'refused':
      return new PublishRefusedError({
        subject,
        reason: `the stream refuses: ${describeFault(answer.fault)}`,
      });
    case 'stale':
    case 'unanswered': {
      const waitedMs = Math.round(deadline.totalMs - deadline.leftMs);
      const isSure = answer.kind === 'unanswered' && answer.sure;
      if (!isSure) return new PublishOutcomeUnknownError({ subject, messageId, waitedMs });
      return new PublishRefusedError({ subject, reason: `no server took the batch within ${waitedMs} ms` });
    }
  }
}

function described({ description = 'unknown error' }: ApiFault): string {
  return description;
}
