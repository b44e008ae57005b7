import type { Broker } from './broker.js';
import { type ClaimConfig, Claims } from './claims.js';
import type { Faults } from './faults.js';
import type { LogMessage, MessageLog } from './message-log.js';
import { type PullBody, PullRequests } from './pull-requests.js';
import { toHeaders } from './stored-headers.js';

const NS_PER_MS = 1_000_000;

/** A consumer as it was asked for. */
export interface ConsumerSettings extends ClaimConfig {
  readonly name: string;
  readonly durable_name?: string;
  readonly deliver_policy?: string;
  readonly opt_start_seq?: number;
  readonly opt_start_time?: string;
  readonly filter_subject?: string;
  readonly filter_subjects?: readonly string[];
}

/** What a consumer works on. */
export interface ConsumerPlace {
  readonly stream: string;
  readonly log: MessageLog;
  readonly broker: Broker;
  readonly faults: Faults;
}

/** A client's settlement of a message: `+ACK`, `-NAK`, `+TERM`, `+WPI`. */
export interface Acknowledgement {
  readonly sequence: number;
  readonly word: string;
}

/** A pull consumer, served by a replica. */
export class InMemoryConsumer {
  readonly settings: ConsumerSettings;
  /** All settlements of its messages, in order. */
  readonly acknowledgements: Acknowledgement[] = [];
  readonly #place: ConsumerPlace;
  readonly #filters: readonly string[];
  readonly #pulls: PullRequests;
  readonly #claims: Claims;
  #next: number;
  #deliveries = 0;
  /** A delivery that is late. */
  #late: (() => void) | undefined;

  constructor(settings: ConsumerSettings, place: ConsumerPlace) {
    this.settings = settings;
    this.#place = place;
    const { filter_subject: filter, filter_subjects: filters } = settings;
    this.#filters = filters ?? (filter === undefined ? [] : [filter]);
    this.#pulls = new PullRequests(place.broker, () => place.faults.isSilent);
    this.#claims = new Claims(settings, () => this.serve());
    const { log, faults } = place;
    const replicaEnd = Math.min(log.lastSequence, faults.replicaEnd);
    this.#next = faults.repeatsSeen ? Math.min(this.#start(), replicaEnd + 1) : this.#start();
  }

  /** Pulls that wait for messages. */
  get waiting(): number {
    return this.#pulls.count;
  }

  info(): object {
    return {
      stream_name: this.#place.stream,
      name: this.settings.name,
      config: this.settings,
      num_pending: this.#pending(this.#next),
      num_ack_pending: this.#claims.count,
      delivered: { consumer_seq: this.#deliveries, stream_seq: this.#next - 1 },
      ack_floor: { consumer_seq: 0, stream_seq: (this.#claims.first ?? this.#next) - 1 },
      num_waiting: this.waiting,
    };
  }

  pull(body: PullBody, inbox: string): void {
    this.#pulls.add(body, inbox);
    this.serve();
  }

  /** Delivers the available messages to the waiting pulls. */
  serve(): void {
    while (!this.#place.faults.isSilent && this.#claims.hasRoom) {
      const message = this.#nextMessage();
      if (message === undefined) return;
      const size = message.data.length;
      const inbox = this.#pulls.take(size);
      if (inbox === undefined) return this.#putBack(message);
      this.#deliver(message, inbox);
      this.#pulls.served(size);
    }
  }

  /** What a client says of a message. */
  acknowledge(sequence: number, said: string): void {
    const [word = '', ...rest] = said.split(' ');
    this.acknowledgements.push({ sequence, word });
    if (word === '+WPI') this.#claims.renew(sequence);
    else if (word === '-NAK') this.#claims.handBack(sequence, delayMs(rest.join(' ')));
    else this.#claims.settle(sequence);
    this.serve();
  }

  dropPulls(): void {
    this.#pulls.end();
  }

  /** Answers the waiting pulls, and forgets everything. */
  delete(): void {
    this.#pulls.end(409, 'Consumer Deleted');
    this.#claims.clear();
  }

  #start(): number {
    const { opt_start_seq: sequence, opt_start_time: time, deliver_policy: policy } = this.settings;
    if (policy === 'by_start_sequence') return sequence ?? 1;
    if (policy === 'new') return this.#place.log.lastSequence + 1;
    if (policy !== 'by_start_time' || time === undefined) return 1;
    const all = this.#place.log.in({ from: 1, filters: [] });
    return (
      all.find((message) => message.time >= Date.parse(time))?.sequence ?? this.#place.log.lastSequence + 1
    );
  }

  #visible(from: number): LogMessage[] {
    const { log, faults } = this.#place;
    return log.in({ from, to: faults.replicaEnd, filters: this.#filters });
  }

  #pending(from: number): number {
    return this.#visible(from).length;
  }

  #nextMessage(): LogMessage | undefined {
    for (let due = this.#claims.takeDue(); due !== undefined; due = this.#claims.takeDue()) {
      const message = this.#place.log.get(due);
      if (message !== undefined) return message;
      this.#claims.settle(due);
    }
    const [message] = this.#visible(this.#next);
    if (message !== undefined) this.#next = message.sequence + 1;
    return message;
  }

  /** One that was delivered before waits among those that are due. */
  #putBack({ sequence }: LogMessage): void {
    if (this.#claims.has(sequence)) this.#claims.putBack(sequence);
    else this.#next = sequence;
  }

  #deliver(message: LogMessage, inbox: string): void {
    const { broker, faults } = this.#place;
    this.#deliveries += 1;
    const reply = this.#replyTo(message);
    const { subject, data, headers } = message;
    const send = (): void =>
      void broker.deliver(inbox, { subject, data, reply, headers: toHeaders(headers) });
    const fault = faults.ofDelivery();
    const late = this.#late;
    this.#late = fault === 'late' ? send : undefined;
    if (fault === undefined || fault === 'twice') send();
    if (fault === 'twice') send();
    late?.();
  }

  #replyTo({ sequence, time }: LogMessage): string {
    const { stream } = this.#place;
    const count = this.#claims.take(sequence);
    const nanos = BigInt(time) * BigInt(NS_PER_MS);
    const pending = this.#pending(this.#next);
    return `$JS.ACK.${stream}.${this.settings.name}.${count}.${sequence}.${this.#deliveries}.${nanos}.${pending}`;
  }
}

function delayMs(body: string): number {
  return body === '' ? 0 : (JSON.parse(body) as { delay: number }).delay / NS_PER_MS;
}
