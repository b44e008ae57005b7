import type { ApiFault } from '../../../src/jetstream/api/api-fault.js';
import { type Call, type Mishap, RequestFaults } from './request-faults.js';

/** What happens to a delivery. */
export type DeliveryFault = 'drop' | 'twice' | 'late';

/** What faults are done to. */
export interface FaultTargets {
  readonly connection: { disconnect(): void; reconnect(): void };
  /** Serves what waits. */
  resume(): void;
  dropPulls(): void;
  deleteConsumers(): void;
  truncate(sequence: number): void;
  remove(sequence: number): void;
}

/** Faults on order. Those of requests meet publishes, unless another call is named. */
export class Faults {
  readonly #targets: FaultTargets;
  readonly #requests = new RequestFaults();
  readonly #deliveries: DeliveryFault[] = [];
  #held: (() => void)[] = [];
  #replicaEnd = Infinity;
  #isSilent = false;
  #repeatsSeen = false;

  constructor(targets: FaultTargets) {
    this.#targets = targets;
  }

  /** The next requests are carried out, and their answers get lost. */
  loseAnswer(times = 1, call: Call = 'PUBLISH'): void {
    this.#requests.order(call, { kind: 'lose' }, times);
  }

  /** The next requests are carried out, and their answers are on their way until {@link release}. */
  holdAnswer(times = 1, call: Call = 'PUBLISH'): void {
    this.#requests.order(call, { kind: 'hold' }, times);
  }

  /** Answers that were held back arrive. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const send of held) send();
  }

  /** The next answer of several messages breaks off after so many. */
  cutAnswer(after: number, call: Call = 'DIRECT.GET'): void {
    this.#requests.order(call, { kind: 'cut', after }, 1);
  }

  /** The next requests get lost, as during a step-down. */
  loseRequest(times = 1, call: Call = 'PUBLISH'): void {
    this.#requests.order(call, { kind: 'swallow' }, times);
  }

  /** Nobody serves the next requests, as without a leader. */
  leaveUnserved(times = 1, call: Call = 'PUBLISH'): void {
    this.#requests.order(call, { kind: 'unserved' }, times);
  }

  /** The next requests are answered with a fault instead of being carried out. */
  answerWith(fault: ApiFault, times = 1, call: Call = 'PUBLISH'): void {
    this.#requests.order(call, { kind: 'fault', fault }, times);
  }

  /** Every request is answered with a fault from now on, until {@link heal}. */
  refuse(fault: ApiFault, call: Call = 'PUBLISH'): void {
    this.#requests.order(call, { kind: 'fault', fault }, Infinity);
  }

  /** Requests are served as usual, replicas catch up, and the server speaks again. */
  heal(): void {
    this.#requests.clear();
    this.#deliveries.length = 0;
    this.#replicaEnd = Infinity;
    this.#isSilent = false;
    this.#repeatsSeen = false;
    this.#targets.resume();
  }

  /** Replicas answer direct gets and serve consumers up to a sequence only, while the leader knows all. */
  lag(sequence: number): void {
    this.#replicaEnd = sequence;
    this.#targets.resume();
  }

  /**
   * A consumer begins at the end of its replica at the latest, as on older servers: what was seen comes
   * again.
   */
  repeatSeen(): void {
    this.#repeatsSeen = true;
  }

  /** The next delivery arrives two times. */
  deliverTwice(): void {
    this.#deliveries.push('twice');
  }

  /** The next delivery gets lost, so that the consumer sequence has a gap. */
  leaveGap(): void {
    this.#deliveries.push('drop');
  }

  /** The next delivery arrives after the one that follows it. */
  deliverOutOfOrder(): void {
    this.#deliveries.push('late');
  }

  /** The server answers nothing and sends nothing, not even heartbeats, until {@link heal}. */
  fallSilent(): void {
    this.#isSilent = true;
  }

  /** The log loses its end, as a server does that is restored from an older copy. */
  truncate(sequence: number): void {
    this.#targets.truncate(sequence);
  }

  /** A message is removed from the log. */
  remove(sequence: number): void {
    this.#targets.remove(sequence);
  }

  /** The connection breaks: pulls end without a word, and what is published waits. */
  disconnect(): void {
    this.#targets.connection.disconnect();
    this.#targets.dropPulls();
  }

  /** The connection is there again. */
  reconnect(): void {
    this.#targets.connection.reconnect();
  }

  /** All consumers are deleted; their waiting pulls are answered so. */
  loseConsumer(): void {
    this.#targets.deleteConsumers();
  }

  /** What happens to the next request of a kind; for the server. */
  ofRequest(call: Call): Mishap | undefined {
    return this.#isSilent ? { kind: 'swallow' } : this.#requests.take(call);
  }

  /** What happens to the next delivery; for the server. */
  ofDelivery(): DeliveryFault | undefined {
    return this.#deliveries.shift();
  }

  /** Sends later; for the server. */
  hold(send: () => void): void {
    this.#held.push(send);
  }

  /** The last sequence that replicas know; for the server. */
  get replicaEnd(): number {
    return this.#replicaEnd;
  }

  /** Whether a consumer begins at the end of its replica at the latest; for the server. */
  get repeatsSeen(): boolean {
    return this.#repeatsSeen;
  }

  /** Whether nothing is sent; for the server. */
  get isSilent(): boolean {
    return this.#isSilent;
  }
}
