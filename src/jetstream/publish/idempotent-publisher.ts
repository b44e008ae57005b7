import type { PubAck } from '@nats-io/jetstream';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import {
  ExpectationFailedError,
  PayloadTooLargeError,
  PublishOutcomeUnknownError,
  PublishRefusedError,
} from './publish-errors.js';
import { JetStreamNotFoundError } from '../streams/stream-errors.js';
import { ApiCode, FORBIDDEN } from '../api/api-codes.js';
import { type ApiFault, describeFault } from '../api/api-fault.js';
import { capturingStreams } from '../streams/capturing-streams.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { guardHeaders } from './guard-headers.js';
import type { PublishRequest } from './publish-request.js';
import type { OutgoingMessage } from '../../log/message-log.js';
import { Publisher } from './publisher.js';
import { sizeOf } from '../../log/message-size.js';
import { findOwnMessage } from './own-message.js';
import { timedMessage } from './timed-message.js';

/** Whether what has not been acknowledged may have been stored. */
type Uncertain = 'no' | 'maybe';

/** Faults that say that an expectation does not hold. */
const EXPECTATION_FAULTS: ReadonlySet<number | undefined> = new Set([
  ApiCode.wrongLastSequence,
  ApiCode.wrongLastMessageId,
  ApiCode.wrongStream,
]);

/**
 * Stores messages in the stream that captures their subjects. They are resent under the same message id until
 * an answer shows the outcome.
 */
export class IdempotentPublisher {
  readonly #connection: JetStreamConnection;
  readonly #publisher: Publisher;

  constructor(connection: JetStreamConnection) {
    this.#connection = connection;
    this.#publisher = new Publisher(connection);
  }

  /**
   * @throws {@link JetStreamNotFoundError} when no stream captures the subject.
   * @throws {@link ExpectationFailedError} when an expectation does not hold.
   * @throws {@link PublishRefusedError} when the stream refuses the message, or the user may not publish it.
   * @throws {@link PublishOutcomeUnknownError} when the deadline passes without an answer.
   * @throws {@link PayloadTooLargeError} when the server does not take messages of that size.
   * @throws {@link InvalidOptionError} when the stream has no time to live for messages, or delivers none
   * later.
   */
  async publish(request: PublishRequest, deadline: Deadline): Promise<PubAck> {
    const message = await this.#toMessage(request, deadline);
    const backoff = new Backoff(20, 500);
    let isStored: Uncertain = 'no';
    do {
      const tried = await this.#try(message, request, deadline);
      if (typeof tried === 'object') return tried;
      if (tried === 'maybe') isStored = tried;
      await sleep(Math.min(backoff.next(), deadline.leftMs), deadline.signal);
    } while (!deadline.passed);
    if (isStored === 'maybe') throw unknownOutcome(request, deadline);
    const reason = `no server took it within ${deadline.totalMs} ms; is JetStream up?`;
    throw new PublishRefusedError({ subject: request.subject, reason });
  }

  async #toMessage(request: PublishRequest, deadline: Deadline): Promise<OutgoingMessage> {
    const { ttlMs, at, schedule } = request;
    const isTimed = ttlMs !== undefined || at !== undefined || schedule !== undefined;
    const { subject, headers } = isTimed
      ? await timedMessage(this.#connection, request, deadline)
      : { subject: request.subject, headers: {} };
    const message = {
      subject,
      payload: request.payload,
      headers: { ...request.headers, ...guardHeaders(request), ...headers },
    };
    const size = sizeOf(message);
    const limit = this.#connection.maxPayload;
    if (size > limit) throw new PayloadTooLargeError({ stream: request.subject, size, limit });
    return message;
  }

  /** What was stored; otherwise whether anything may have been, and it has to be sent again. */
  async #try(
    message: OutgoingMessage,
    request: PublishRequest,
    deadline: Deadline,
  ): Promise<PubAck | Uncertain> {
    const answer = await this.#publisher.publish(message, deadline, { untilServed: false });
    switch (answer.kind) {
      case 'stored':
        // the server leaves out what is false
        return { ...answer.ack, duplicate: false };
      case 'duplicate':
        // sequence 0: the server knows the id, and not what became of it
        return answer.sequence === 0 ? 'maybe' : (answer.ack ?? 'maybe');
      case 'conflict':
      case 'refused':
        return this.#settle(answer, request, deadline);
      case 'unanswered':
        if (!answer.sure) throw unknownOutcome(request, deadline, answer.cause);
        await this.#requireStream(message.subject, deadline);
        return 'no';
      case 'stale':
        // does not happen: nothing here depends on what was read before
        return 'no';
    }
  }

  /** A failed expectation may be the effect of our own first send: look who stored the next message. */
  async #settle(
    { fault, resent }: { readonly fault: ApiFault; readonly resent: boolean },
    request: PublishRequest,
    deadline: Deadline,
  ): Promise<PubAck> {
    const { subject } = request;
    const reason = fault.description ?? 'unknown error';
    if (!EXPECTATION_FAULTS.has(fault.err_code))
      throw new PublishRefusedError({ subject, reason: advise(fault) });
    if (resent && fault.err_code !== ApiCode.wrongStream) {
      const ack = await findOwnMessage(this.#connection, request, deadline);
      if (ack !== undefined) return ack;
    }
    throw new ExpectationFailedError({ subject, reason });
  }

  /** The server also answers "no responders" for a stream without a leader. */
  async #requireStream(subject: string, deadline: Deadline): Promise<void> {
    const streams = await capturingStreams(this.#connection, subject, deadline);
    if (streams?.length !== 0) return;
    throw new JetStreamNotFoundError({
      pattern: subject,
      reason: 'no stream captures it, so the event was not stored; add a streamConfig that does',
    });
  }
}

function advise(fault: ApiFault): string {
  const { code, description = 'unknown error' } = fault;
  return code === FORBIDDEN ? description : `the stream refuses: ${describeFault(fault)}`;
}

function unknownOutcome(
  { subject, messageId }: PublishRequest,
  deadline: Deadline,
  cause?: Error,
): PublishOutcomeUnknownError {
  const details = { subject, messageId, waitedMs: Math.round(deadline.totalMs - deadline.leftMs) };
  return new PublishOutcomeUnknownError(details, cause && { cause });
}
