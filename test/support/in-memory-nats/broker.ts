import { headers } from '@nats-io/transport-node';
import { covers } from '../../../src/jetstream/names/subject-pattern.js';
import { type Envelope, toBytes } from './envelope.js';

/** A subscriber. */
export interface Interest {
  readonly pattern: string;
  /** Of all that listen in one group, one gets the message. */
  readonly queue?: string | undefined;
  readonly deliver: (envelope: Envelope) => void;
}

/** A part of the server that serves subjects by itself. */
export type Service = (envelope: Envelope) => boolean;

/** Core NATS: delivers each message to the subscribers of its subject, or reports that there are none. */
export class Broker {
  readonly #interests = new Set<Interest>();
  readonly #services: Service[] = [];
  #turn = 0;

  /** Returns how to listen no more. */
  listen(interest: Interest): () => void {
    this.#interests.add(interest);
    return () => this.#interests.delete(interest);
  }

  serve(service: Service): void {
    this.#services.push(service);
  }

  /** What a client has published. */
  publish(envelope: Envelope): void {
    const isServed = this.#services.map((service) => service(envelope)).includes(true);
    const isHeard = this.deliver(envelope.subject, envelope);
    if (isServed || isHeard || envelope.reply === undefined) return;
    this.deliver(envelope.reply, noResponders(envelope.reply));
  }

  /**
   * Delivers a message to an address, which need not be its own subject.
   *
   * @returns whether there is a subscriber.
   */
  deliver(address: string, envelope: Envelope): boolean {
    const interested = [...this.#interests].filter(({ pattern }) => covers(pattern, address));
    for (const { deliver } of this.#oneOfEachGroup(interested)) deliver(envelope);
    return interested.length > 0;
  }

  /** Whether there is a subscriber of an address. */
  hasInterest(address: string): boolean {
    return [...this.#interests].some(({ pattern }) => covers(pattern, address));
  }

  #oneOfEachGroup(interested: readonly Interest[]): Interest[] {
    this.#turn += 1;
    const groups = new Set(interested.map(({ queue }) => queue));
    return [...groups].flatMap((group) => {
      const members = interested.filter(({ queue }) => queue === group);
      return group === undefined ? members : [members[this.#turn % members.length] as Interest];
    });
  }
}

/** The server's answer without responders. */
export function noResponders(subject: string): Envelope {
  return { subject, data: toBytes(), headers: headers(503, 'No Responders') };
}
