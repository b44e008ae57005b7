import { headers } from '@nats-io/transport-node';
import type { HeaderValues } from '../../../src/log/message-log.js';
import { type Envelope, toBytes } from './envelope.js';
import type { LogMessage, MessageLog } from './message-log.js';
import { toHeaders } from './stored-headers.js';

/** The parts of an answer; the sender adds the address. */
export type Answer = Omit<Envelope, 'subject'>;

interface DirectGet {
  readonly seq?: number;
  readonly last_by_subj?: string;
  readonly next_by_subj?: string;
  readonly batch?: number;
  readonly no_hdr?: boolean;
}

/** What a replica knows. */
export interface ReplicaView {
  readonly stream: string;
  readonly log: MessageLog;
  readonly end: number;
}

/** The answer of a replica to a direct get, by the body of the request or by a subject in the call. */
export function directGet(view: ReplicaView, subject: string, body: string): Answer[] {
  const request = subject === '' ? (JSON.parse(body) as DirectGet) : { last_by_subj: subject };
  if (request.batch !== undefined) return page(view, request);
  const message = find(view, request);
  if (message === undefined) return [NOT_FOUND];
  if (request.no_hdr === true) return [{ data: message.data }];
  return [withHeaders(view, message)];
}

function find(
  { log, end }: ReplicaView,
  { seq = 0, last_by_subj: last, next_by_subj: next }: DirectGet,
): LogMessage | undefined {
  if (last !== undefined) return log.lastOf(last, end);
  if (next !== undefined) return log.in({ from: seq, to: end, filters: [next] })[0];
  return seq > end ? undefined : log.get(seq);
}

/** Some messages, and a status with how many are left. */
function page(view: ReplicaView, { seq = 1, next_by_subj: subject = '>', batch = 1 }: DirectGet): Answer[] {
  const all = view.log.in({ from: seq, to: view.end, filters: [subject] });
  if (all.length === 0) return [NOT_FOUND];
  const messages = all.slice(0, batch);
  const left = (index: number): HeaderValues => ({ 'Nats-Num-Pending': String(all.length - 1 - index) });
  const end = headers(204, 'EOB');
  end.set('Nats-Num-Pending', String(all.length - messages.length));
  return [
    ...messages.map((message, index) => withHeaders(view, message, left(index))),
    { data: toBytes(), headers: end },
  ];
}

function withHeaders({ stream }: ReplicaView, message: LogMessage, more: HeaderValues = {}): Answer {
  const values = {
    ...message.headers,
    'Nats-Stream': stream,
    'Nats-Subject': message.subject,
    'Nats-Sequence': String(message.sequence),
    'Nats-Time-Stamp': new Date(message.time).toISOString(),
    ...more,
  };
  return { data: message.data, headers: toHeaders(values) };
}

const NOT_FOUND: Answer = { data: toBytes(), headers: headers(404, 'Message Not Found') };
