import { headers } from '@nats-io/transport-node';
import { ApiCode } from '../../../src/jetstream/api/api-codes.js';
import type { ApiFault } from '../../../src/jetstream/api/api-fault.js';
import { patternsOverlap } from './patterns-overlap.js';
import { type Broker, noResponders } from './broker.js';
import { type Answer, directGet } from './direct-gets.js';
import { type Envelope, toBytes } from './envelope.js';
import type { Faults } from './faults.js';
import type { ConsumerSettings, InMemoryConsumer } from './in-memory-consumer.js';
import { InMemoryStream, type StreamSettings, toApiMessage } from './in-memory-stream.js';
import type { PullBody } from './pull-requests.js';
import type { Call, Mishap } from './request-faults.js';

const PREFIX = '$JS.API.';
const CALLS: readonly Exclude<Call, 'PUBLISH'>[] = [
  'STREAM.INFO',
  'STREAM.NAMES',
  'STREAM.CREATE',
  'STREAM.UPDATE',
  'STREAM.MSG.GET',
  'STREAM.MSG.DELETE',
  'DIRECT.GET',
  'CONSUMER.CREATE',
  'CONSUMER.INFO',
  'CONSUMER.DELETE',
  'CONSUMER.MSG.NEXT',
];

/** A call that is being served. */
interface Request {
  readonly call: Call;
  /** What follows the call in the subject: stream, consumer, filter or subject. */
  readonly path: readonly string[];
  readonly body: string;
  readonly reply: string | undefined;
}

const text = new TextDecoder();

/** JetStream as far as jetsource uses it, on one node that plays leader and replica. */
export class InMemoryJetStream {
  readonly streams = new Map<string, InMemoryStream>();
  readonly #broker: Broker;
  readonly #faults: Faults;

  constructor(broker: Broker, faults: Faults) {
    this.#broker = broker;
    this.#faults = faults;
    broker.serve((envelope) => this.#serve(envelope));
  }

  createStream(settings: StreamSettings): InMemoryStream {
    const stream = new InMemoryStream(settings, this.#broker, this.#faults);
    this.streams.set(settings.name, stream);
    return stream;
  }

  #serve(envelope: Envelope): boolean {
    const { subject } = envelope;
    if (subject.startsWith('$JS.ACK.')) return this.#acknowledge(envelope);
    if (subject.startsWith(PREFIX)) return this.#serveCall(envelope);
    const stream = [...this.streams.values()].find((candidate) => candidate.captures(subject));
    if (stream !== undefined) this.#servePublish(stream, envelope);
    return stream !== undefined;
  }

  #servePublish(stream: InMemoryStream, envelope: Envelope): void {
    if (stream.intake.isPart(envelope)) return void stream.intake.take(envelope);
    const request = { call: 'PUBLISH', path: [], body: '', reply: envelope.reply } as const;
    this.#carryOut(request, () => {
      const answer = stream.intake.take(envelope);
      stream.serve();
      return answer === undefined ? [] : [json(answer)];
    });
  }

  #serveCall({ subject, data, reply }: Envelope): boolean {
    const rest = subject.slice(PREFIX.length);
    const call = CALLS.find((candidate) => rest === candidate || rest.startsWith(`${candidate}.`));
    if (call === undefined) return false;
    const path = rest.slice(call.length + 1).split('.');
    this.#carryOut({ call, path, body: text.decode(data), reply }, (request) => this.#answer(request));
    return true;
  }

  /** Does the work and sends the answer, unless a fault is due. */
  #carryOut(request: Request, work: (request: Request) => Answer[]): void {
    const { call, reply } = request;
    const mishap = this.#faults.ofRequest(call);
    if (mishap?.kind === 'swallow') return;
    const answers =
      mishap?.kind === 'fault'
        ? [refusal(call, mishap.fault)]
        : isUnserved(mishap)
          ? [UNSERVED]
          : work(request);
    if (reply === undefined || mishap?.kind === 'lose') return;
    const sent = mishap?.kind === 'cut' ? answers.slice(0, mishap.after) : answers;
    const send = (): void => {
      for (const answer of sent) this.#broker.deliver(reply, { subject: reply, ...answer });
    };
    if (mishap?.kind === 'hold') this.#faults.hold(send);
    else send();
  }

  #answer(request: Request): Answer[] {
    const { call, path, body } = request;
    const [name = ''] = path;
    if (call === 'STREAM.NAMES') return [json(this.#names(JSON.parse(body) as { subject: string }))];
    if (call === 'STREAM.CREATE') return [json(this.#create(JSON.parse(body) as StreamSettings))];
    const stream = this.streams.get(name);
    if (stream === undefined)
      return call === 'CONSUMER.MSG.NEXT' ? [UNSERVED] : [json({ error: STREAM_NOT_FOUND })];
    if (call === 'DIRECT.GET') {
      const view = { stream: name, log: stream.log, end: this.#faults.replicaEnd };
      return directGet(view, path.slice(1).join('.'), body);
    }
    if (call.startsWith('CONSUMER.')) return this.#ofConsumer(stream, request);
    return [json(ofStream(stream, request))];
  }

  #ofConsumer(stream: InMemoryStream, { call, path, body, reply }: Request): Answer[] {
    const name = path[1] ?? '';
    if (call === 'CONSUMER.CREATE') return [json(createConsumer(stream, body))];
    const consumer = stream.consumers.get(name);
    if (call === 'CONSUMER.MSG.NEXT') return pull(consumer, body, reply);
    if (consumer === undefined) return [json({ error: CONSUMER_NOT_FOUND })];
    if (call === 'CONSUMER.INFO') return [json(consumer.info())];
    return [json({ success: stream.deleteConsumer(name) })];
  }

  #acknowledge({ subject, data, reply }: Envelope): boolean {
    if (this.#faults.isSilent) return true;
    const [, , name = '', consumer = '', , sequence] = subject.split('.');
    const found = this.streams.get(name)?.consumers.get(consumer);
    found?.acknowledge(Number(sequence), text.decode(data));
    if (found !== undefined && reply !== undefined)
      this.#broker.deliver(reply, { subject: reply, data: toBytes() });
    return found !== undefined;
  }

  #names({ subject }: { readonly subject: string }): object {
    const capturing = [...this.streams.values()].filter(({ settings }) =>
      settings.subjects.some((pattern) => patternsOverlap(pattern, subject)),
    );
    return { streams: capturing.length === 0 ? null : capturing.map(({ settings }) => settings.name) };
  }

  #create(settings: StreamSettings): object {
    if (this.streams.has(settings.name)) return { error: NAME_IN_USE };
    return this.createStream(settings).info();
  }
}

function ofStream(stream: InMemoryStream, { call, body }: Request): object {
  if (call === 'STREAM.MSG.GET') return getAtLeader(stream, JSON.parse(body) as LeaderGet);
  if (call === 'STREAM.MSG.DELETE') {
    const { seq } = JSON.parse(body) as { seq: number };
    return stream.log.remove(seq)
      ? { success: true }
      : { error: { ...SEQUENCE_NOT_FOUND, description: `sequence ${seq} not found` } };
  }
  if (call === 'STREAM.UPDATE') stream.settings = JSON.parse(body) as StreamSettings;
  return stream.info();
}

interface LeaderGet {
  readonly seq?: number;
  readonly last_by_subj?: string;
  readonly next_by_subj?: string;
}

function getAtLeader(
  { log }: InMemoryStream,
  { seq = 0, last_by_subj: last, next_by_subj: next }: LeaderGet,
): object {
  const found =
    last === undefined
      ? next === undefined
        ? log.get(seq)
        : log.in({ from: seq, filters: [next] })[0]
      : log.lastOf(last);
  return found === undefined ? { error: NO_MESSAGE } : { message: toApiMessage(found) };
}

function createConsumer(stream: InMemoryStream, body: string): object {
  const { config, action } = JSON.parse(body) as { config: ConsumerSettings; action: 'create' | 'update' };
  const isThere = stream.consumers.has(config.name);
  if (action === 'create' && isThere) return { error: CONSUMER_EXISTS };
  if (action === 'update' && !isThere) return { error: NO_CONSUMER };
  return stream.createConsumer(config).info();
}

/** A consumer that is not there answers nothing: the call is not served. */
function pull(consumer: InMemoryConsumer | undefined, body: string, reply: string | undefined): Answer[] {
  if (consumer === undefined) return [UNSERVED];
  if (reply !== undefined) consumer.pull(JSON.parse(body) as PullBody, reply);
  return [];
}

/** Direct gets and pulls are answered by a status, all else by JSON. */
function refusal(call: Call, fault: ApiFault): Answer {
  const isStatus = call === 'DIRECT.GET' || call === 'CONSUMER.MSG.NEXT';
  if (!isStatus) return json({ error: fault });
  return { data: toBytes(), headers: headers(fault.code, fault.description ?? 'Refused') };
}

function isUnserved(mishap: Mishap | undefined): boolean {
  return mishap?.kind === 'unserved';
}

function json(answer: object): Answer {
  return { data: toBytes(JSON.stringify(answer)) };
}

const { headers: unservedHeaders, data: unservedData } = noResponders('');
const UNSERVED: Answer = { headers: unservedHeaders, data: unservedData };
const STREAM_NOT_FOUND = { code: 404, err_code: ApiCode.streamNotFound, description: 'stream not found' };
const NAME_IN_USE = {
  code: 400,
  err_code: ApiCode.streamNameInUse,
  description: 'stream name already in use',
};
const CONSUMER_NOT_FOUND = {
  code: 404,
  err_code: ApiCode.consumerNotFound,
  description: 'consumer not found',
};
const NO_CONSUMER = { code: 400, err_code: 10149, description: 'consumer does not exist' };
const CONSUMER_EXISTS = {
  code: 400,
  err_code: ApiCode.consumerExists,
  description: 'consumer already exists',
};
const NO_MESSAGE = { code: 404, err_code: ApiCode.messageNotFound, description: 'no message found' };
const SEQUENCE_NOT_FOUND = { code: 400, err_code: 10043 };
