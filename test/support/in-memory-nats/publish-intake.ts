import type { MsgHdrs } from '@nats-io/transport-node';
import { ApiCode } from '../../../src/jetstream/api/api-codes.js';
import type { ApiFault } from '../../../src/jetstream/api/api-fault.js';
import type { Envelope } from './envelope.js';
import type { Guard, MessageLog, NewMessage, StoreAnswer } from './message-log.js';
import { fromHeaders } from './stored-headers.js';

const FAULTS: Record<keyof Guard, { readonly errCode: number; readonly text: string }> = {
  lastSequence: { errCode: ApiCode.wrongLastSequence, text: 'wrong last sequence' },
  lastOfSubject: { errCode: ApiCode.wrongLastSequence, text: 'wrong last sequence' },
  lastMessageId: { errCode: ApiCode.wrongLastMessageId, text: 'wrong last msg ID' },
};

/** Publishes to one JetStream stream: guards, message ids, atomic batches. */
export class PublishIntake {
  readonly #stream: string;
  readonly #log: MessageLog;
  /** Batches without their end. */
  readonly #batches = new Map<string, NewMessage[]>();

  constructor(stream: string, log: MessageLog) {
    this.#stream = stream;
    this.#log = log;
  }

  /** Whether the message is the middle of a batch, which gets no answer. */
  isPart({ headers }: Envelope): boolean {
    return has(headers, 'Nats-Batch-Id') && !has(headers, 'Nats-Batch-Commit');
  }

  /** The acknowledgement; undefined for the middle of a batch. */
  take(envelope: Envelope): object | undefined {
    const expected = valueOf(envelope.headers, 'Nats-Expected-Stream');
    if (expected !== undefined && expected !== this.#stream)
      return this.refusal({
        code: 400,
        err_code: ApiCode.wrongStream,
        description: 'expected stream does not match',
      });
    const batchId = valueOf(envelope.headers, 'Nats-Batch-Id');
    const message = toNewMessage(envelope);
    if (batchId === undefined) return this.#answer(this.#log.store(message));
    return this.#takePart(batchId, message, envelope);
  }

  refusal(error: ApiFault): object {
    return { error, stream: this.#stream, seq: 0 };
  }

  #takePart(batchId: string, message: NewMessage, { headers }: Envelope): object | undefined {
    const parts = [...(this.#batches.get(batchId) ?? []), message];
    if (Number(valueOf(headers, 'Nats-Batch-Sequence')) !== parts.length) return this.refusal(INCOMPLETE);
    this.#batches.set(batchId, parts);
    if (!has(headers, 'Nats-Batch-Commit')) return undefined;
    this.#batches.delete(batchId);
    const answer = this.#log.storeBatch(parts);
    return answer.kind === 'duplicate'
      ? this.refusal(DUPLICATE)
      : { ...this.#answer(answer), ...(answer.kind === 'stored' && { batch: batchId, count: parts.length }) };
  }

  #answer(answer: StoreAnswer): object {
    if (answer.kind === 'stored') return { stream: this.#stream, seq: answer.sequence };
    if (answer.kind === 'duplicate') return { stream: this.#stream, seq: answer.sequence, duplicate: true };
    const { errCode, text } = FAULTS[answer.guard];
    return this.refusal({ code: 400, err_code: errCode, description: `${text}: ${answer.found}` });
  }
}

const INCOMPLETE = {
  code: 400,
  err_code: ApiCode.batchIncomplete,
  description: 'atomic publish batch is incomplete',
};
const DUPLICATE = {
  code: 400,
  err_code: ApiCode.batchDuplicate,
  description: 'atomic publish batch contains duplicate message id',
};

function toNewMessage({ subject, data, headers }: Envelope): NewMessage {
  const of = (name: string): string | undefined => valueOf(headers, `Nats-Expected-Last-${name}`);
  const sequence = of('Subject-Sequence');
  const guard = {
    lastSequence: of('Sequence') === undefined ? undefined : Number(of('Sequence')),
    lastMessageId: of('Msg-Id'),
    ...(sequence !== undefined && {
      lastOfSubject: { pattern: of('Subject-Sequence-Subject') ?? subject, sequence: Number(sequence) },
    }),
  };
  return { subject, data, headers: fromHeaders(headers), id: valueOf(headers, 'Nats-Msg-Id'), guard };
}

function has(headers: MsgHdrs | undefined, name: string): boolean {
  return headers?.has(name) === true;
}

function valueOf(headers: MsgHdrs | undefined, name: string): string | undefined {
  return has(headers, name) ? headers?.get(name) : undefined;
}
