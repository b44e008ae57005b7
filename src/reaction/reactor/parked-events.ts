import { type Position, positionOf } from '../../event/position.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { StreamName } from '../../event/stream-name.js';
import { streamOfSubject } from '../../event/subject.js';
import { recordedEventAt } from '../../event-store/read/recorded-event-at.js';
import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import type { DeadLetterError } from '../../jetstream/dead-letters/dead-letter-error.js';
import type { DeadLetter, DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { DeadLetterNotFoundError } from '../../jetstream/dead-letters/dead-letter-errors.js';
import { reactorLabel } from './reactor-names.js';

/** An event that a reactor gave up on, by reference: its data stays in the store. */
export interface ParkedReaction {
  /** Number of the parked event, by which it is redriven or discarded. */
  readonly id: number;
  /** Name of the reactor. */
  readonly reactor: string;
  /** Where the event is in the store. */
  readonly position: Position;
  /** The stream of the event; undefined for those of jetsource's own categories, and for what is no event. */
  readonly stream: StreamName | undefined;
  /** Undefined for a message that could not be read. */
  readonly eventId: string | undefined;
  /** Attempts that were made. */
  readonly attempts: number;
  /** The error of the last attempt, with its stack. */
  readonly error: DeadLetterError;
  /** When it was parked. */
  readonly parkedAt: Date;
}

/** A parked event with what is in the store. */
export interface ParkedReactionDetails extends ParkedReaction {
  /** The event as the reactor would get it; undefined where it was erased, or cannot be read. */
  readonly event: RecordedEvent | undefined;
}

/** Which parked events are meant. */
export interface ParkedQuery {
  /** Name of the reactor; also of one that is not defined any more. @default all of the service */
  readonly reactor?: string | undefined;
  /** The oldest ones, at most that many. @default all */
  readonly limit?: number | undefined;
}

/** Parked events by their numbers, by a query, or all. */
export type ParkedSelection = readonly number[] | ParkedQuery | 'all';

/** The events that the reactors of a service gave up on. */
export class ParkedEvents {
  readonly #store: JetStreamEventStore;
  readonly #service: string;
  readonly #park: DeadLetterStream;

  constructor(store: JetStreamEventStore, service: string, park: DeadLetterStream) {
    this.#store = store;
    this.#service = service;
    this.#park = park;
  }

  async list(query: ParkedQuery = {}): Promise<ParkedReaction[]> {
    checkKnownOptions(query, ['reactor', 'limit'], 'query.');
    const limit = integerOption('query.limit', query.limit, { fallback: Number.MAX_SAFE_INTEGER });
    const { reactor } = query;
    const consumer = reactor === undefined ? undefined : reactorLabel({ service: this.#service, reactor });
    const parked: ParkedReaction[] = [];
    for await (const letter of this.#park.list({ consumer })) {
      if (this.#isOurs(letter)) parked.push(this.#parkedOf(letter));
      if (parked.length >= limit) break;
    }
    return parked;
  }

  /** How many there are, in one request: those of all stores whose reactors are named after the service. */
  async count(): Promise<number> {
    const own = reactorLabel({ service: this.#service, reactor: '' });
    const counts = [...(await this.#park.counts())];
    return counts.reduce((sum, [consumer, count]) => (consumer.startsWith(own) ? sum + count : sum), 0);
  }

  /** @throws {@link DeadLetterNotFoundError} when there is none of that number. */
  async show(id: number): Promise<ParkedReactionDetails> {
    const parked = this.#parkedOf(await this.#get(id));
    return { ...parked, event: await recordedEventAt(this.#store, parked).catch(() => undefined) };
  }

  /** @returns how many were redriven. Those that are gone meanwhile are left out, except where they are named. */
  async redrive(selection: ParkedSelection): Promise<number> {
    return this.#forEach(selection, async (id) => this.#park.redrive(id));
  }

  /** @returns how many were discarded. */
  async discard(selection: ParkedSelection): Promise<number> {
    return this.#forEach(selection, async (id) => this.#park.remove(id));
  }

  async #forEach(selection: ParkedSelection, work: (id: number) => Promise<unknown>): Promise<number> {
    const ids = await this.#idsOf(selection);
    for (const id of ids) await work(id);
    return ids.length;
  }

  async #idsOf(selection: ParkedSelection): Promise<readonly number[]> {
    if (isList(selection)) {
      for (const id of selection) await this.#get(id);
      return selection;
    }
    if (selection !== 'all' && (typeof selection !== 'object' || selection === null)) {
      const allowed = "a list of numbers, { reactor, limit }, or 'all'";
      throw new InvalidOptionError({ option: 'selection', given: selection, allowed });
    }
    return (await this.list(selection === 'all' ? {} : selection)).map(({ id }) => id);
  }

  /** The dead letters of a service may be of others than reactors. */
  #isOurs({ consumer, pattern, stream }: DeadLetter): boolean {
    const label = reactorLabel({ service: this.#service, reactor: pattern });
    return consumer === label && stream === this.#store.jetStream;
  }

  async #get(id: number): Promise<DeadLetter> {
    integerOption('id', id, { fallback: 0 });
    const letter = await this.#park.get(id);
    if (this.#isOurs(letter)) return letter;
    const reason = `what is kept under number ${id} is no event of a reactor of this service and store`;
    throw new DeadLetterNotFoundError({ stream: this.#park.name, reason });
  }

  #parkedOf(letter: DeadLetter): ParkedReaction {
    const { number: id, pattern: reactor, sequence, subject, eventId, attempts, error, time } = letter;
    const index = /\/(\d+)/.exec(eventId ?? '')?.[1] ?? '0';
    return {
      id,
      reactor,
      position: positionOf(sequence, Number(index)),
      stream: streamOfSubject(this.#store.name, subject),
      eventId,
      attempts,
      error,
      parkedAt: time,
    };
  }
}

function isList(selection: ParkedSelection): selection is readonly number[] {
  return Array.isArray(selection);
}
